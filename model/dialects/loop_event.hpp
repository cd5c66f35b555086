// SPDX-License-Identifier: Apache-2.0
//
// One connection under an event loop, told as a row of events: what was done to the loop, what the
// shim answered, and what the loop did.
//
// A real lws writes such a row down (harness/observation.hpp); a dialect must be able to tell the
// same one (conformance.hpp).
#pragma once

#include "model/lawful_loop.hpp"

#include <cstdint>

namespace shimfuzz::model {

// A function of the shim that lws 4.x calls: SSL_accept or SSL_connect, SSL_read, SSL_write,
// SSL_shutdown.
enum class ShimCall : std::uint8_t { handshake, read, write, shutdown };

// The classes of SSL_get_error(3) that lws tells apart.
enum class SslError : std::uint8_t {
    none,
    ssl,
    want_read,
    want_write,
    syscall,
    zero_return,
    other
};

// What errno held when the call returned, as far as lws looks.
enum class SeenErrno : std::uint8_t { zero, again, not_connected, other };

// ShimAnswer is everything that lws can learn from one call of the shim.
struct ShimAnswer {
    std::int32_t returned = 0;
    SslError error = SslError::none;  // SSL_get_error
    bool want_read = false;           // SSL_want_read
    bool want_write = false;          // SSL_want_write
    SeenErrno errno_left = SeenErrno::zero;
    std::uint32_t pending = 0;  // SSL_pending

    bool operator==(const ShimAnswer&) const = default;
};

enum class LoopEventKind : std::uint8_t {
    // Done to the loop.
    opening,          // the application opens the connection
    asked_writeable,  // lws_callback_on_writable by the application
    rx_flow,          // lws_rx_flow_control; `flag`: on
    woke,             // poll returned `events`
    wrote,            // lws_write of `size` bytes, within the writeable callback
    returned,         // a callback has returned; `flag`: it asks to close
    // Done by the loop.
    opened,       // the opening call returns; `flag`: there is a connection
    called,       // `call` of the shim with `size` bytes, and `answer`
    slept,        // at entry of poll, with interest `events`; `flag`: it will not wait
    established,  // the application is told, and so for the next three
    writeable,
    received,  // `size` bytes of payload
    closed,    // the connection is gone
};

struct LoopEvent {
    LoopEventKind kind = LoopEventKind::slept;
    ShimCall call = ShimCall::read;
    bool flag = false;
    PollEvents events;
    std::uint32_t size = 0;
    ShimAnswer answer;

    bool operator==(const LoopEvent&) const = default;
};

}  // namespace shimfuzz::model
