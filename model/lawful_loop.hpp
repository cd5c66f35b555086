// SPDX-License-Identifier: Apache-2.0
//
// How a correct lws-like event loop serves one TLS connection.
//
// A state of named facts, what happened in past tense, and what to do next: a pure specification
// that never calls TLS and does no I/O. The harness does what next() says and tells the loop what
// came of it. Its input is what the shim returned, never an mbedTLS code.
//
// Where lws has a word it is used: callback_on_writable, buflist_out, dll_pending_tls,
// tls_read_wanted_write, rx flow control. What lws really does, bugs included, is not described
// here; that is for the dialects.
#pragma once

#include "model/ssl_contract.hpp"

#include <cstdint>
#include <variant>

namespace shimfuzz::model {

enum class Phase : std::uint8_t { handshake, established, closing, closed };

// What TLS last asked for, in a phase where only one call is outstanding.
enum class Want : std::uint8_t { nothing, read, write };

// Poll events: an interest, or what poll returned.
struct PollEvents {
    bool in = false;
    bool out = false;
    bool hup = false;

    bool operator==(const PollEvents&) const = default;
};

// The loop hands TLS no more than this in one write.
inline constexpr std::uint32_t write_size_max = 20000;

// What is left to do before the loop sleeps again.
struct Todo {
    bool tls = false;  // call handshake or shutdown, by phase
    bool read = false;
    bool output = false;  // POLLOUT was delivered: drain buflist_out, or give the callback
    bool write = false;   // the callback wrote: try at once
    bool close = false;

    bool operator==(const Todo&) const = default;
};

// Loop is everything the loop knows about the connection.
struct Loop {
    Phase phase = Phase::handshake;
    Want want = Want::nothing;          // of the handshake, or of the shutdown
    bool writeable_asked = false;       // lws_callback_on_writable, not given yet
    bool rx_flow_off = false;           // lws_rx_flow_control
    bool on_pending_list = false;       // tls.dll_pending_tls: POLLIN will be faked
    bool read_wants_write = false;      // tls_read_wanted_write
    bool write_wants_read = false;      // the outstanding write waits for POLLIN
    bool close_asked = false;           // LRS_FLUSHING_BEFORE_CLOSE while output is buffered
    bool hung_up = false;               // POLLHUP was seen
    std::uint32_t output_buffered = 0;  // buflist_out: accepted from the application, not by TLS
    std::uint32_t write_repeats = 0;    // length of the outstanding write; 0: none outstanding
    Todo todo;

    bool operator==(const Loop&) const = default;
};

// What happened. `pending` is whether SSL_pending says plaintext is left inside TLS.
// clang-format off
struct Woke { PollEvents revents; };
struct HandshakeReturned { Report report; bool pending; };
struct ReadReturned { Report report; bool pending; };
struct WriteReturned { Report report; std::uint32_t asked; std::uint32_t accepted; };
struct ShutdownReturned { Report report; };
struct WriteableAsked {};
struct WriteableGiven { std::uint32_t written; bool asked_again; };  // the callback has returned
struct RxFlowChanged { bool on; };
// clang-format on
struct CloseAsked {};
struct Freed {};

using Event = std::variant<Woke, HandshakeReturned, ReadReturned, WriteReturned, ShutdownReturned,
                           WriteableAsked, WriteableGiven, RxFlowChanged, CloseAsked, Freed>;

// What to do next.
enum class ActionKind : std::uint8_t {
    sleep,           // poll, with interest() and, if polls_at_once(), without waiting
    handshake,       // SSL_accept or SSL_connect
    read,            // SSL_read of the application's read size
    write,           // SSL_write of `size` bytes from the head of buflist_out
    give_writeable,  // the application's writeable callback
    shutdown,        // SSL_shutdown
    free,            // SSL_free and close the descriptor
};

struct Action {
    ActionKind kind = ActionKind::sleep;
    std::uint32_t size = 0;  // of a write

    bool operator==(const Action&) const = default;
};

// opened returns the loop of a new connection: a server waits for bytes, a client for its connect
// to complete. An established one has its handshake behind it.
[[nodiscard]] Loop opened(bool client, bool established) noexcept;

// after returns the loop once `happened` has happened. Total: no event is impossible.
[[nodiscard]] Loop after(Loop loop, const Woke& happened) noexcept;
[[nodiscard]] Loop after(Loop loop, const HandshakeReturned& happened) noexcept;
[[nodiscard]] Loop after(Loop loop, const ReadReturned& happened) noexcept;
[[nodiscard]] Loop after(Loop loop, const WriteReturned& happened) noexcept;
[[nodiscard]] Loop after(Loop loop, const ShutdownReturned& happened) noexcept;
[[nodiscard]] Loop after(Loop loop, const WriteableAsked& happened) noexcept;
[[nodiscard]] Loop after(Loop loop, const WriteableGiven& happened) noexcept;
[[nodiscard]] Loop after(Loop loop, const RxFlowChanged& happened) noexcept;
[[nodiscard]] Loop after(Loop loop, const CloseAsked& happened) noexcept;
[[nodiscard]] Loop after(Loop loop, const Freed& happened) noexcept;

// step is `after` for an event of any kind.
[[nodiscard]] Loop step(const Loop& loop, const Event& happened) noexcept;

// next returns what the loop does now. It sleeps only when nothing is left to do.
[[nodiscard]] Action next(const Loop& loop) noexcept;

// interest returns what the loop polls for while it sleeps.
[[nodiscard]] PollEvents interest(const Loop& loop) noexcept;

// polls_at_once says whether the loop's next poll returns without waiting, because plaintext inside
// TLS will raise no event of its own.
[[nodiscard]] bool polls_at_once(const Loop& loop) noexcept;

}  // namespace shimfuzz::model
