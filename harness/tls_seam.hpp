// SPDX-License-Identifier: Apache-2.0
//
// What lies below the subject: mbedTLS and the world behind it, as whoever plays a scenario sees
// them.
//
// There are two seams. On the scripted one the scenario answers in mbedTLS's place
// (scripted_tls.hpp). On the real one mbedTLS answers, and the scenario has the wire and the peer
// (real_tls.hpp). Both keep the truth in TlsFacts and tell the same judges.
#pragma once

#include "harness/loop_judge.hpp"
#include "harness/rx_stream.hpp"
#include "harness/state.hpp"
#include "harness/tls_facts.hpp"
#include "harness/trace.hpp"

namespace shimfuzz::harness {

// mbedTLS never takes more than one record's plaintext at a time (MBEDTLS_SSL_OUT_CONTENT_LEN).
inline constexpr std::uint32_t record_size_max = 16384;

// A shim that asks more often than this within one call, or a whole lws within one turn, would ask
// for ever; it is answered with a failure, so that even such a shim comes to its end. Far above
// what any honest one asks.
inline constexpr std::uint32_t asks_per_call_max = 4096;

class TlsSeam {
public:
    TlsSeam(const TlsSeam&) = delete;
    TlsSeam& operator=(const TlsSeam&) = delete;

    // Who is told; all outlive this. `trace` may be null.
    void tell(TlsJudge* calls, LoopJudge* loop, TraceCall* trace) noexcept;

    // Whoever asks begins anew: a turn of its loop.
    void begin_turn() noexcept { asks_ = 0; }

    // From here on the answers of one call go to `trace`, which may be null.
    void trace_to(TraceCall* trace) noexcept { trace_ = trace; }

    // Ops up to and including `op_index` have been played: what they give exists.
    virtual void play_to(std::uint32_t op_index) noexcept = 0;

    // play plays `op`, which is of the world and of this seam. Returns whether it meant something
    // here.
    virtual bool play(const scenario::Op& op) noexcept = 0;

    // turn lets the world do what it does by itself: a peer reads and answers. False where nothing
    // does anything by itself.
    virtual bool turn() noexcept = 0;

    // Faults stop: what the scenario withholds comes, and whoever waits for the peer is answered.
    virtual void settle() noexcept = 0;

    // The session is established before op 0, undisturbed by the scenario.
    virtual void assume_established(bool assumed) noexcept = 0;

    // The peer sends `stream`, which outlives this, instead of payload (harness/payload.hpp).
    virtual void receive_from(RxStream& stream) noexcept = 0;

    // The peer sends the first `bytes` of its stream, the role's opening, and whether something of
    // it is there for the subject. Before op 0, as assume_established.
    virtual void receive_opening(std::uint32_t bytes) noexcept = 0;
    [[nodiscard]] virtual bool opening_waits() noexcept = 0;

    // TLS has no socket, or it has one now: without one whatever is asked fails.
    virtual void has_socket(bool has) noexcept = 0;

    // The socket was shut down for writing: whatever is sent from here on fails.
    virtual void no_more_output() noexcept = 0;

    // What poll would see: bytes, or the end of the stream, have arrived; the socket takes more.
    [[nodiscard]] virtual bool readable() noexcept = 0;
    [[nodiscard]] virtual bool writeable() const noexcept = 0;

    // How many bytes the socket takes; -1: no limit.
    [[nodiscard]] virtual std::int64_t room() const noexcept = 0;

    // Plaintext that the peer has sent and the subject's caller has not read.
    [[nodiscard]] virtual std::uint64_t unread() const noexcept = 0;

    // How many records, or flights of a handshake, are on their way at most.
    [[nodiscard]] virtual std::uint32_t records_waiting() const noexcept = 0;

    // Whether errno said something else than an answer did.
    [[nodiscard]] virtual bool noise_applied() const noexcept = 0;

    [[nodiscard]] const TlsFacts& facts() const noexcept { return facts_; }

    // Of the facts, what decides what comes next.
    void put_facts(State& state) const;

    // Something happened after which liveness is not judged.
    void not_recoverable() noexcept {
        facts_.recoverable = false;
        facts_.recoverable_with_memory = false;
    }

    // An allocation failed: what comes of it is nobody's fault, but must come to something.
    void runs_out_of_memory() noexcept { facts_.recoverable = false; }

protected:
    TlsSeam() = default;
    ~TlsSeam() = default;

    // answered keeps what `function` answered as the truth and tells everybody; `bytes` is the
    // count of an ok. `scripted` and `replaced` are for the trace.
    void answered(Function function, const Reply& reply, std::uint32_t bytes, bool scripted,
                  bool replaced) noexcept;

    [[nodiscard]] bool asked_too_often() noexcept { return ++asks_ > asks_per_call_max; }

    TlsFacts facts_;
    TlsJudge* calls_judge_ = nullptr;

private:
    LoopJudge* loop_judge_ = nullptr;
    TraceCall* trace_ = nullptr;
    std::uint32_t asks_ = 0;  // within the API call, or turn, that is on
};

}  // namespace shimfuzz::harness
