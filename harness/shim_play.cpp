// SPDX-License-Identifier: Apache-2.0

#include "harness/allocation.hpp"
#include "harness/caller.hpp"
#include "harness/configurer.hpp"
#include "harness/determinism.hpp"
#include "harness/lawful_player.hpp"
#include "harness/pause.hpp"
#include "harness/play_once.hpp"
#include "harness/real_tls.hpp"
#include "harness/scripted_tls.hpp"
#include "harness/seam.hpp"
#include "harness/world_ops.hpp"
#include "scenario/op_table.hpp"

#include <cstdio>
#include <cstdlib>
#include <optional>

namespace shimfuzz::harness {
namespace {

using scenario::Loop;
using scenario::Op;
using scenario::Play;
using scenario::Scenario;

// The subject's process-wide state is made once for a seam, outside every scenario: contexts are
// long-lived in lws too.
void start_subject(scenario::Seam seam) noexcept {
    static std::optional<scenario::Seam> started;
    if (started == seam) {
        return;
    }
    if (started.has_value()) {
        subject_stop();
    }
    use_seam(seam);
    if (subject_start() != 0) {
        std::fprintf(stderr, "shimfuzz: subject %s did not start\n", subject_name());
        std::abort();
    }
    started = seam;
}

// InstalledSeam is what is below the subject in one run, and is called by it while it lives.
class InstalledSeam {
public:
    InstalledSeam(const Play& play, const Scenario& scenario) noexcept {
        if (play.seam == scenario::Seam::real) {
            RealTls& real = real_.emplace(scenario);
            real_installed_.emplace(real);
            tls_ = &real;
        } else {
            ScriptedTls& scripted =
                scripted_.emplace(scenario, play.profile == scenario::Profile::plausible);
            scripted_installed_.emplace(scripted);
            tls_ = &scripted;
        }
    }
    InstalledSeam(const InstalledSeam&) = delete;
    InstalledSeam& operator=(const InstalledSeam&) = delete;

    [[nodiscard]] TlsSeam& tls() noexcept { return *tls_; }
    [[nodiscard]] const ScriptedTls& scripted() const noexcept { return *scripted_; }

private:
    std::optional<ScriptedTls> scripted_;
    std::optional<RealTls> real_;
    std::optional<Installed> scripted_installed_;
    std::optional<InstalledReal> real_installed_;
    TlsSeam* tls_ = nullptr;
};

// ShimRun is one play of one scenario: everything in it lives exactly that long.
class ShimRun {
public:
    ShimRun(const Play& play, const Scenario& scenario, Trace* trace) noexcept
        : play_{play},
          scenario_{scenario},
          trace_{trace},
          plausible_{play.profile == scenario::Profile::plausible},
          seam_{play, scenario},
          tls_{seam_.tls()},
          api_judge_{findings_, tls_.facts()},
          loop_judge_{findings_, tls_.facts(), plausible_},
          shim_{tls_, api_judge_},
          caller_{scenario.setup, shim_},
          configurer_{scenario, shim_},
          player_{scenario, shim_, tls_, findings_, loop_judge_, plausible_, trace} {
        if (play.loop == Loop::lawful) {
            shim_.watched_by(&loop_judge_);
        }
    }

    Outcome play() noexcept {
        const DeterminismGuard guard;
        play_ops();
        finish();
        const Ending ending = this->ending();
        shim_.record_in(nullptr);
        shim_.free();
        return {.verdict = {.violation = findings_.violation()},
                .reach = findings_.reach(),
                .ending = ending};
    }

    // The same on the scripted seam, but that `onlooker` looks where the ops end.
    Verdict play_and_pause(Onlooker& onlooker) {
        play_ops();
        if (findings_.judging() && onlooker.paused(pause(onlooker.state()))) {
            const DeterminismGuard guard;
            finish();
        }
        shim_.free();
        return {.violation = findings_.violation()};
    }

    [[nodiscard]] bool noise_applied() const noexcept { return tls_.noise_applied(); }

private:
    void play_ops() noexcept {
        const DeterminismGuard guard;
        reset_allocations();
        findings_.reached(Invariant::memory_is_safe);
        findings_.reached(Invariant::no_undefined_behaviour);
        for (std::uint32_t i = 0; i < scenario_.ops.size() && findings_.judging(); ++i) {
            play_op(i);
        }
    }

    [[nodiscard]] Pause pause(State& state) const {
        state.clear();
        put_state(state);
        const ScriptedTls& scripted = seam_.scripted();
        const ScriptedTls::Waiting waiting = scripted.waiting();
        return {.records = waiting.records,
                .answers = waiting.answers,
                .noise = waiting.noise,
                .writes = player_.writes_waiting(),
                .asked = scripted.was_asked(),
                .may_be_told = scripted.may_be_told(),
                .revents = player_.last_revents()};
    }

    void put_state(State& state) const {
        const bool is_called = play_.loop == Loop::none;
        if (is_called) {
            caller_.put_state(state, tls_.facts().accepted);
        } else {
            player_.put_state(state);
        }
        if (!is_called && player_.is_over()) {
            return;
        }
        seam_.scripted().put_state(state);
        api_judge_.put_state(state, allocations_live());
        shim_.put_state(state);
        if (!is_called) {
            loop_judge_.put_state(state);
        }
    }

    void play_op(std::uint32_t index) noexcept {
        const Op& op = scenario_.ops[index];
        findings_.at(index, player_.passes());
        tls_.play_to(index);
        tls_.turn();
        if (trace_ != nullptr) {
            trace_->rows.push_back({.op_index = index});
            player_.record_in(&trace_->rows.back());
        }
        const bool played = play_here(op);
        if (trace_ != nullptr) {
            trace_->rows.back().played = played;
            player_.finish_row(trace_->rows.back());
        }
    }

    [[nodiscard]] Ending ending() const noexcept {
        const TlsFacts& tls = tls_.facts();
        return {.established = tls.established,
                .closed = !shim_.is_open(),
                .delivered = tls.delivered,
                .accepted = tls.accepted,
                .arrived = tls.arrived};
    }

    // A connection on which nothing happened still opens, settles and is freed.
    void finish() noexcept {
        if (!findings_.judging()) {
            return;
        }
        if (play_.loop == Loop::none) {
            static_cast<void>(shim_.open(scenario_.setup));
        } else {
            player_.settle();
        }
    }

    bool play_here(const Op& op) noexcept {
        if (!scenario::belongs_to(op.kind, play_)) {
            return false;
        }
        if (const std::optional<bool> played = play_in_the_world(op, tls_, loop_judge_)) {
            return *played;
        }
        if (ConfigMaterial::is_about(op.kind)) {
            return configurer_.play(op);
        }
        return play_.loop == Loop::none ? caller_.play(op) : player_.play(op);
    }

    const Play& play_;
    const Scenario& scenario_;
    Trace* trace_;
    bool plausible_;
    Findings findings_;
    InstalledSeam seam_;
    TlsSeam& tls_;
    ApiJudge api_judge_;
    LoopJudge loop_judge_;
    ShimCalls shim_;
    Caller caller_;
    Configurer configurer_;
    LawfulPlayer player_;
};

}  // namespace

bool guards_misuse() noexcept {
    return subject_guards_misuse() != 0;
}

bool plays(Loop loop) noexcept {
    return loop != Loop::lws;
}

Played play_once(const Play& play, const Scenario& scenario, Trace* trace) {
    start_subject(play.seam);
    ShimRun run{play, scenario, trace};
    const Outcome outcome = run.play();
    return {.outcome = outcome, .noise_applied = run.noise_applied()};
}

Verdict play_and_pause(const Play& play, const Scenario& scenario, Onlooker& onlooker) {
    start_subject(play.seam);
    ShimRun run{play, scenario, nullptr};
    return run.play_and_pause(onlooker);
}

}  // namespace shimfuzz::harness
