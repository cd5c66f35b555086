// SPDX-License-Identifier: Apache-2.0
//
// Plays a scenario on the subject under the lawful loop (loop=lawful).
//
// The faulty phase plays the ops; the settling phase then asks what has come of everything that was
// begun. The model says what to do; this does it and tells the model what the shim returned.
#pragma once

#include "harness/shim_calls.hpp"

namespace shimfuzz::harness {

class LawfulPlayer {
public:
    LawfulPlayer(const scenario::Scenario& scenario, ShimCalls& shim, TlsSeam& tls,
                 Findings& findings, LoopJudge& judge, bool plausible, Trace* trace) noexcept;

    // play plays `op` as a lawful loop and application would. Returns whether it had a meaning
    // here.
    bool play(const scenario::Op& op) noexcept;

    // settle lets everything finish: faults stop and the loop runs until nothing will wake it.
    void settle() noexcept;

    [[nodiscard]] std::uint32_t passes() const noexcept { return passes_; }

    // Where to record what happens, and what the row says once it has happened.
    void record_in(TraceRow* row) noexcept;
    void finish_row(TraceRow& row) const noexcept;

    // app_write ops that the application has not written yet.
    [[nodiscard]] std::uint32_t writes_waiting() const noexcept { return writes_waiting_; }

    // What poll returned last, of what it was offered.
    [[nodiscard]] const model::PollEvents& last_revents() const noexcept { return last_revents_; }

    // The connection is freed, or could not be opened.
    [[nodiscard]] bool is_over() const noexcept {
        return opened_ && loop_.phase == model::Phase::closed;
    }

    // All that decides what this does next, between ops; and once it is over, all there is.
    void put_state(State& state) const;

private:
    [[nodiscard]] bool open() noexcept;
    bool app_write(std::uint32_t size) noexcept;
    bool ask_writeable() noexcept;
    bool app_close() noexcept;
    void service_pass(const model::PollEvents& offered) noexcept;
    void act() noexcept;
    void do_action(const model::Action& action) noexcept;
    void handshake() noexcept;
    void write(std::uint32_t size) noexcept;
    void give_writeable() noexcept;
    void free() noexcept;
    void sleep() noexcept;
    void settling_pass() noexcept;
    [[nodiscard]] model::PollEvents ready() const noexcept;
    [[nodiscard]] LoopFacts facts() const noexcept;
    [[nodiscard]] std::uint32_t settling_passes_max() const noexcept;

    const scenario::Scenario& scenario_;
    ShimCalls& shim_;
    TlsSeam& tls_;
    Findings& findings_;
    LoopJudge& judge_;
    bool plausible_;  // poll returns only what the socket makes ready
    Trace* trace_;
    TraceRow* row_ = nullptr;

    model::Loop loop_;
    bool client_;
    bool opened_ = false;
    bool handshake_called_ = false;
    std::uint32_t passes_ = 0;
    model::PollEvents last_revents_;
    std::uint32_t read_size_;
    // The application: what it has yet to write, and what the loop has taken from it. An app_write
    // op is one lws_write.
    std::uint32_t write_cursor_ = 0;  // ops before it are written
    std::uint32_t writes_waiting_ = 0;
    bool writeable_due_ = false;
    bool close_asked_ = false;
    std::uint64_t app_sent_ = 0;
    std::uint64_t tls_took_ = 0;  // of app_sent_, as the shim reported
};

}  // namespace shimfuzz::harness
