// SPDX-License-Identifier: Apache-2.0
//
// The scripted seam: mbedTLS's I/O functions, answering as the scenario says.
//
// The linker puts the functions of interposed_mbedtls.cpp in place of mbedTLS's under an unmodified
// subject; they call the ScriptedTls of the run that is on. It keeps the truth (TlsFacts) and tells
// the judges. In profile `plausible` it also keeps the small socket of the world, and an answer
// that contradicts the socket is replaced by the nearest one that does not.
//
// Not here: what the shim makes of the answers, and real mbedTLS.
#pragma once

#include "harness/tls_seam.hpp"

namespace shimfuzz::harness {

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

class ScriptedTls final : public TlsSeam {
public:
    ScriptedTls(const scenario::Scenario& scenario, bool plausible) noexcept
        : scenario_{scenario}, plausible_{plausible} {}

    void receive_from(RxStream& stream) noexcept override { stream_ = &stream; }
    void has_socket(bool has) noexcept override { has_socket_ = has; }
    void no_more_output() noexcept override { output_is_shut_ = true; }

    // A record of `bytes` plaintext has come and is inside TLS already.
    void receive_opening(std::uint32_t bytes) noexcept override { facts_.pending += bytes; }
    [[nodiscard]] bool opening_waits() noexcept override { return facts_.pending > 0; }

    // Answers and records exist once their ops have been played, and are taken when asked for.
    void play_to(std::uint32_t op_index) noexcept override {
        ops_played_ = op_index + 1;
        was_asked_ = false;
        found_nothing_ = {};
        may_be_told_ = {};
    }
    bool play(const scenario::Op& op) noexcept override;
    bool turn() noexcept override { return false; }

    // Queued answers are dropped, and room has no limit.
    void settle() noexcept override;

    // Without the scenario's answers.
    void assume_established(bool assumed) noexcept override { answers_benign_ = assumed; }

    // The functions of mbedTLS. `data` is what the shim passed.
    IoResult read(std::span<const std::uint8_t> data) noexcept;
    IoResult write(std::span<const std::uint8_t> data) noexcept;
    IoResult handshake() noexcept;
    IoResult close_notify() noexcept;

    [[nodiscard]] bool readable() noexcept override;
    [[nodiscard]] bool writeable() const noexcept override { return socket_.writeable(); }
    [[nodiscard]] std::int64_t room() const noexcept override;
    [[nodiscard]] std::uint64_t unread() const noexcept override;
    [[nodiscard]] std::uint32_t records_waiting() const noexcept override;

    [[nodiscard]] bool noise_applied() const noexcept override { return noise_applied_; }

    // What the scenario has said and nobody has taken yet.
    struct Waiting {
        std::uint32_t records = 0;
        std::uint32_t answers = 0;  // of any function
        std::uint32_t noise = 0;
    };
    [[nodiscard]] Waiting waiting() const noexcept;

    // Whether mbedTLS was asked since the last op began.
    [[nodiscard]] bool was_asked() const noexcept { return was_asked_; }

    // Who has since then found that the scenario says nothing, and after the last who found
    // something: to each of them one answer more could have been given, and all others would have
    // been given as they were.
    [[nodiscard]] const std::array<bool, function_count>& may_be_told() const noexcept {
        return may_be_told_;
    }

    // All that decides what this says next.
    void put_state(State& state) const;

private:
    // What the scenario says next for a function, before the socket is consulted.
    struct Script {
        bool given = false;
        scenario::AnswerCode code = scenario::AnswerCode::ok;
        std::uint16_t number = 0;
    };

    [[nodiscard]] bool waits(std::uint32_t index) const noexcept;
    [[nodiscard]] const scenario::Op* next_answer(Function function) noexcept;
    void note_nothing_found(Function function) noexcept;
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
    bool was_asked_ = false;
    std::array<bool, function_count> found_nothing_{};
    std::array<bool, function_count> may_be_told_{};

    Socket socket_;
    std::uint32_t left_to_flush_ = 0;  // of the outstanding write, what the socket has not taken
    bool alert_pending_ = false;
    bool output_is_shut_ = false;
    bool has_socket_ = true;
    RxStream* stream_ = nullptr;
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

}  // namespace shimfuzz::harness
