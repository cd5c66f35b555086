// SPDX-License-Identifier: Apache-2.0
//
// The scripted seam: mbedTLS's I/O functions, answering as the scenario says.
//
// The linker puts the functions of scripted_mbedtls.cpp in place of mbedTLS's under an unmodified
// subject; they call the ScriptedTls of the run that is on. It keeps the truth (TlsFacts) and tells
// the judges. In profile `plausible` it also keeps the small socket of the world, and an answer
// that contradicts the socket is replaced by the nearest one that does not.
//
// Not here: what the shim makes of the answers, and real mbedTLS.
#pragma once

#include "harness/loop_judge.hpp"
#include "harness/tls_facts.hpp"
#include "harness/trace.hpp"

namespace shimfuzz::harness {

// mbedTLS never takes more than one record's plaintext at a time (MBEDTLS_SSL_OUT_CONTENT_LEN).
inline constexpr std::uint32_t record_size_max = 16384;

// A shim that asks more often than this within one call would ask for ever; it is answered with a
// failure, so that even such a shim comes to its end. Far above what any honest call asks.
inline constexpr std::uint32_t asks_per_call_max = 4096;

// Socket is the world's end of the scripted connection, as far as poll could see it.
struct Socket {
    bool room_unlimited = true;
    std::uint32_t room = 0;

    [[nodiscard]] bool writeable() const noexcept { return room_unlimited || room > 0; }
};

// IoResult is what an interposed function returns to the shim.
struct IoResult {
    int returned = 0;
    std::span<const std::uint8_t> data;  // of a read
};

// RxStream is what the peer sends, as plaintext: a pure function of position.
class RxStream {
public:
    // at returns the `size` bytes (at most scenario::size_max) from `position`; they stay until the
    // next call.
    [[nodiscard]] virtual std::span<const std::uint8_t> at(std::uint64_t position,
                                                           std::size_t size) noexcept = 0;

    // admits returns how many of `size` more bytes a lawful peer may send now, after `position` it
    // has sent and `accepted` it was sent.
    [[nodiscard]] virtual std::uint32_t admits(std::uint64_t position, std::uint64_t accepted,
                                               std::uint32_t size) const noexcept = 0;

protected:
    ~RxStream() = default;
};

class ScriptedTls {
public:
    ScriptedTls(const scenario::Scenario& scenario, bool plausible) noexcept
        : scenario_{scenario}, plausible_{plausible} {}

    // Who is told; all outlive this. `trace` may be null.
    void tell(TlsJudge* calls, LoopJudge* loop, TraceCall* trace) noexcept;

    // From here on the answers of one call go to `trace`, which may be null.
    void trace_to(TraceCall* trace) noexcept { trace_ = trace; }

    // The peer sends `stream`, which outlives this, instead of payload (harness/payload.hpp).
    void receive_from(RxStream& stream) noexcept { stream_ = &stream; }

    // A record of `bytes` plaintext has come and is inside TLS already.
    void receive_at_once(std::uint32_t bytes) noexcept { facts_.pending += bytes; }

    // TLS has no socket, or it has one now: without one whatever is asked fails.
    void has_socket(bool has) noexcept { has_socket_ = has; }

    // The socket was shut down for writing: whatever is sent from here on fails.
    void no_more_output() noexcept { output_is_shut_ = true; }

    // Ops up to and including `op_index` have been played: their answers and records exist.
    void play_to(std::uint32_t op_index) noexcept { ops_played_ = op_index + 1; }

    void set_room(std::uint32_t bytes) noexcept;

    // Faults stop: queued answers are dropped, room has no limit, and whoever waits for the peer is
    // answered.
    void settle() noexcept;

    // The session is established before op 0, without the scenario's answers.
    void assume_established(bool assumed) noexcept { answers_benign_ = assumed; }

    // The functions of mbedTLS. `data` is what the shim passed.
    IoResult read(std::span<const std::uint8_t> data) noexcept;
    IoResult write(std::span<const std::uint8_t> data) noexcept;
    IoResult handshake() noexcept;
    IoResult close_notify() noexcept;

    // What poll would see: a record, or the end of the stream, has arrived.
    [[nodiscard]] bool readable() noexcept;
    [[nodiscard]] bool writeable() const noexcept { return socket_.writeable(); }
    [[nodiscard]] std::int64_t room() const noexcept;

    // Plaintext that has arrived on the wire and not been read by TLS.
    [[nodiscard]] std::uint64_t unread() const noexcept;
    [[nodiscard]] std::uint32_t records_waiting() const noexcept;

    [[nodiscard]] const TlsFacts& facts() const noexcept { return facts_; }
    [[nodiscard]] bool noise_applied() const noexcept { return noise_applied_; }

    // Something happened after which liveness is not judged.
    void not_recoverable() noexcept { facts_.recoverable = false; }

private:
    // What the scenario says next for a function, before the socket is consulted.
    struct Script {
        bool given = false;
        scenario::AnswerCode code = scenario::AnswerCode::ok;
        std::uint16_t number = 0;
    };

    [[nodiscard]] const scenario::Op* next_answer(Function function) noexcept;
    [[nodiscard]] Script take_script(Function function) noexcept;
    [[nodiscard]] const scenario::Op* next_record() noexcept;
    [[nodiscard]] std::uint32_t admitted(std::uint32_t size) const noexcept;
    [[nodiscard]] const scenario::Op* sent_record() noexcept;
    [[nodiscard]] bool record_waits() noexcept;
    [[nodiscard]] bool end_waits() noexcept;
    void take_record() noexcept;
    void take_awaited_record(Function function) noexcept;
    [[nodiscard]] bool still_wants_read(Function function) noexcept;
    [[nodiscard]] Reply plausible_reply(Function function, const Reply& scripted) noexcept;
    [[nodiscard]] std::uint32_t own_record(const Script& script, std::size_t size) const noexcept;
    [[nodiscard]] Reply read_reply(const Script& script, std::size_t size) noexcept;
    IoResult deliver(std::size_t size, bool scripted, bool replaced) noexcept;
    [[nodiscard]] bool asked_too_often() noexcept { return ++asks_ > asks_per_call_max; }
    IoResult fail(Function function) noexcept;
    [[nodiscard]] Reply flush(std::uint32_t size) noexcept;
    void answer(Function function, const Reply& reply, std::uint32_t bytes, bool scripted,
                bool replaced) noexcept;
    void leave_errno(const Reply& reply) noexcept;

    const scenario::Scenario& scenario_;
    bool plausible_;
    bool settling_ = false;
    bool answers_benign_ = false;
    std::uint32_t ops_played_ = 0;
    std::array<std::uint32_t, function_count> cursor_{};  // next op to look at, by Function
    // How many records had been taken when the function last wanted to read.
    std::array<std::uint32_t, function_count> wanted_read_at_{};
    std::uint32_t noise_cursor_ = 0;
    std::uint32_t record_cursor_ = 0;
    bool peer_answered_ = false;  // a record without application data, made by the settling phase
    bool noise_applied_ = false;
    std::uint32_t asks_ = 0;  // within the API call that is on

    Socket socket_;
    std::uint32_t left_to_flush_ = 0;  // of the outstanding write, what the socket has not taken
    bool alert_pending_ = false;
    bool output_is_shut_ = false;
    bool has_socket_ = true;
    RxStream* stream_ = nullptr;
    TlsFacts facts_;

    TlsJudge* calls_judge_ = nullptr;
    LoopJudge* loop_judge_ = nullptr;
    TraceCall* trace_ = nullptr;
};

// TlsSwitch tells the contexts of mbedTLS apart, where a run has several connections.
class TlsSwitch {
public:
    // context_made: mbedTLS sets `context` up. What it was before, if anything, is over.
    virtual void context_made(const void* context) noexcept = 0;

    // tls_of returns who answers for `context`, of which a function was called.
    [[nodiscard]] virtual ScriptedTls& tls_of(const void* context) noexcept = 0;

protected:
    ~TlsSwitch() = default;
};

// Installed makes `tls` the one the interposed functions call, while it lives; with `several`, the
// one that it names for each context. Without an Installed they are mbedTLS's own.
class Installed {
public:
    explicit Installed(ScriptedTls& tls, TlsSwitch* several = nullptr) noexcept;
    ~Installed();
    Installed(const Installed&) = delete;
    Installed& operator=(const Installed&) = delete;
};

// use_scripted_seam makes set-up calls of mbedTLS that only the real seam needs (entropy, DRBG,
// record buffers) do nothing, for the rest of the process. Call before subject_start.
void use_scripted_seam() noexcept;

}  // namespace shimfuzz::harness
