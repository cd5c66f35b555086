// SPDX-License-Identifier: Apache-2.0

#include "harness/proof.hpp"

#include "harness/allocation.hpp"
#include "harness/cells.hpp"
#include "harness/payload.hpp"
#include "harness/run.hpp"

#include <algorithm>
#include <numeric>
#include <unordered_map>

namespace shimfuzz::harness {
namespace {

using scenario::Op;
using scenario::OpKind;
using scenario::Scenario;

constexpr std::uint32_t no_state = ~std::uint32_t{0};

struct HashOfHash {
    std::size_t operator()(const StateHash& hash) const noexcept { return hash.low; }
};

// Given is an answer that a letter comes with: its place in the alphabet.
struct Given {
    std::uint8_t function = 0;
    std::uint8_t index = 0;
};

// Step leads on from a state: a letter with answers. From no state, it is a setup.
struct Step {
    std::uint32_t from = no_state;
    std::uint16_t letter = 0;  // or setup
    std::uint8_t noise = 0;    // 0: none, else its number in the alphabet
    std::uint8_t end = 0;      // which end of the stream, where it was given ahead
    std::uint8_t answers = 0;
    std::array<Given, answers_per_letter_max> given{};
};

// Reached is a state, and a shortest way to it.
struct Reached {
    Step by;
    std::uint32_t length = 0;
    Pause pause;
    // Which letter was the first pass from here that woke to these events, as bits; 0: none yet.
    std::array<std::uint8_t, 8> first_pass{};
};

// Task is a step to be taken, or more of its kind.
struct Task {
    Step step;
    bool with_noise = false;          // with each errno beside its first answer
    std::optional<Function> more_to;  // with each answer more that this one may be told
};

// Edge is a step that was taken, by so many letters: `ops` is what it adds to a scenario's length.
struct Edge {
    std::uint32_t from = 0;
    std::uint32_t to = 0;
    std::uint16_t ops = 0;
    std::uint16_t letters = 1;
};

class Prover final : private Onlooker {
public:
    Prover(const ProofRequest& request, ProofWatcher& watcher)
        : request_{request},
          watcher_{watcher},
          alphabet_{alphabet_of(request)},
          tasks_(request.ops_max + 1) {}

    Proof prove();

private:
    void do_task(const Task& task, std::uint32_t length);
    void take_with_each_end(Step step, std::uint32_t length);
    void take(const Step& step, std::uint32_t length);
    [[nodiscard]] bool is_as_another_pass(const Step& step);
    void judge();
    void go_on_from(std::uint32_t state);
    void put_off_more_of(const Step& step, std::uint32_t length);
    void put_off(const Task& task, std::uint32_t length);
    [[nodiscard]] bool takes_an_end(const Step& step) const;
    void append(const Step& step);
    bool paused(const Pause& pause) override;
    void note_edge(std::uint32_t to);
    void count_scenarios();

    const ProofRequest& request_;
    ProofWatcher& watcher_;
    Alphabet alphabet_;
    std::vector<std::vector<Task>> tasks_;  // by the length that scenarios come to with them
    bool all_fit_ = true;                   // no scenario was too long, and no letter
    std::vector<Reached> reached_;
    std::unordered_map<StateHash, std::uint32_t, HashOfHash> numbers_;  // in reached_
    std::vector<Edge> edges_;
    Proof proof_;

    // The play that is on.
    Scenario scenario_;
    Step step_;
    std::uint32_t length_ = 0;
    std::optional<Pause> pause_;  // once it has paused
    bool is_new_ = false;         // what it has come to
};

Proof Prover::prove() {
    for (std::size_t setup = 0; setup < alphabet_.setups.size(); ++setup) {
        put_off({.step = {.letter = static_cast<std::uint16_t>(setup)}, .more_to = {}}, 0);
    }
    bool is_left = true;
    for (std::uint32_t length = 0; length < tasks_.size() && is_left; ++length) {
        // What is put off here belongs to greater lengths.
        const std::vector<Task> tasks = std::move(tasks_[length]);
        for (const Task& task : tasks) {
            do_task(task, length);
            if (proof_.refutes.has_value()) {
                return std::move(proof_);
            }
        }
        tasks_[length].clear();
        proof_.progress.length = length;
        watcher_.length_done(proof_.progress);
        is_left = !std::ranges::all_of(tasks_, &std::vector<Task>::empty);
    }
    proof_.closed = all_fit_ && !is_left;
    count_scenarios();
    return std::move(proof_);
}

void Prover::do_task(const Task& task, std::uint32_t length) {
    Step step = task.step;
    if (task.with_noise) {
        for (std::size_t i = 0; i < alphabet_.noise.size(); ++i) {
            step.noise = static_cast<std::uint8_t>(i + 1);
            take_with_each_end(step, length);
        }
        return;
    }
    if (!task.more_to.has_value()) {
        take_with_each_end(step, length);
        return;
    }
    const auto function = static_cast<std::uint8_t>(*task.more_to);
    Given& given = step.given[step.answers++];
    for (std::size_t i = 0; i < alphabet_.answers[function].size(); ++i) {
        given = {.function = function, .index = static_cast<std::uint8_t>(i)};
        take_with_each_end(step, length);
    }
}

// Which end of the stream it was that was given ahead, nobody has asked before it was taken.
void Prover::take_with_each_end(Step step, std::uint32_t length) {
    take(step, length);
    if (is_as_another_pass(step)) {
        return;
    }
    put_off_more_of(step, length);
    for (std::size_t i = 1; i < alphabet_.ends.size() && takes_an_end(step); ++i) {
        step.end = static_cast<std::uint8_t>(i);
        take(step, length);
        put_off_more_of(step, length);
    }
}

// What poll is offered and does not return nobody sees: of the passes that woke to the same events,
// the first stands for all.
bool Prover::is_as_another_pass(const Step& step) {
    const bool is_pass = step.from != no_state && pause_.has_value() &&
                         alphabet_.letters[step.letter].op.kind == OpKind::service_pass;
    if (!is_pass) {
        return false;
    }
    const auto& [in, out, hup] = pause_->revents;
    const std::size_t events = (in ? 1U : 0U) + (out ? 2U : 0U) + (hup ? 4U : 0U);
    std::uint8_t& first = reached_[step.from].first_pass[events];
    const auto letter = static_cast<std::uint8_t>(step.letter + 1);
    first = first == 0 ? letter : first;
    return first != letter;
}

// Of the play that has just been. One that was violated did not pause, and may have taken it.
bool Prover::takes_an_end(const Step& step) const {
    const std::uint32_t before = step.from == no_state ? 0 : reached_[step.from].pause.answers;
    return before > (pause_.has_value() ? pause_->answers : 0);
}

void Prover::take(const Step& step, std::uint32_t length) {
    if (proof_.refutes.has_value()) {
        return;
    }
    step_ = step;
    length_ = length;
    pause_.reset();
    is_new_ = false;
    scenario_.ops.clear();
    append(step);
    watcher_.about_to_play(scenario_);
    const Verdict verdict = play_and_pause(request_.play, scenario_, *this);
    ++proof_.progress.plays;
    if (request_.with_cells) {
        Trace trace;
        static_cast<void>(run(request_.play, scenario_, &trace));
        add_cells(scenario_.setup, trace, proof_.cells);
    }
    // What has come to a known state was not played to its end, and need not be.
    if (verdict.violation.has_value() && (is_new_ || !pause_.has_value())) {
        judge();
    }
    if (is_new_) {
        go_on_from(static_cast<std::uint32_t>(reached_.size() - 1));
    }
}

void Prover::put_off_more_of(const Step& step, std::uint32_t length) {
    const bool asks = step.from != no_state && alphabet_.letters[step.letter].asks;
    if (!asks || !pause_.has_value()) {
        return;
    }
    for (std::size_t i = 0; i < function_count; ++i) {
        if (!pause_->may_be_told[i]) {
            continue;
        }
        if (step.answers < request_.answers_max) {
            put_off({.step = step, .more_to = static_cast<Function>(i)}, length + 1);
        } else {
            all_fit_ = false;
        }
    }
    if (pause_->asked && step.noise == 0 && !alphabet_.noise.empty()) {
        put_off({.step = step, .with_noise = true, .more_to = {}}, length + 1);
    }
}

bool Prover::paused(const Pause& pause) {
    pause_ = pause;
    const auto next = static_cast<std::uint32_t>(reached_.size());
    const StateHash hash = state().hash();
    const auto [number, is_new] = numbers_.try_emplace(hash, next);
    is_new_ = is_new;
    if (is_new) {
        reached_.push_back({.by = step_, .length = length_, .pause = pause});
        ++proof_.progress.states;
        watcher_.came_to(hash);
    }
    note_edge(number->second);
    return is_new;
}

// Most answers that come one after the other lead to the same.
void Prover::note_edge(std::uint32_t to) {
    const std::uint32_t before = step_.from == no_state ? 0 : reached_[step_.from].length;
    const auto ops = static_cast<std::uint16_t>(length_ - before);
    if (!edges_.empty()) {
        Edge& last = edges_.back();
        if (last.from == step_.from && last.to == to && last.ops == ops) {
            ++last.letters;
            return;
        }
    }
    edges_.push_back({.from = step_.from, .to = to, .ops = ops});
}

// The whole verdict, in which errno is blamed for what it did.
void Prover::judge() {
    const Outcome outcome = run(request_.play, scenario_);
    const std::vector<char> spelled = spell(outcome.verdict.violation->signature);
    Witness witness{.signature = {spelled.begin(), spelled.end()}, .scenario = scenario_};
    if (std::ranges::find(request_.known, witness.signature) == request_.known.end()) {
        proof_.refutes = std::move(witness);
    } else if (std::ranges::find(proof_.known, witness.signature, &Witness::signature) ==
               proof_.known.end()) {
        proof_.known.push_back(std::move(witness));
    }
}

void Prover::go_on_from(std::uint32_t state) {
    const Reached& reached = reached_[state];
    for (std::size_t i = 0; i < alphabet_.letters.size(); ++i) {
        if (may_follow(alphabet_.letters[i], reached.pause)) {
            put_off(
                {.step = {.from = state, .letter = static_cast<std::uint16_t>(i)}, .more_to = {}},
                reached.length + 1);
        }
    }
}

void Prover::put_off(const Task& task, std::uint32_t length) {
    if (length < tasks_.size()) {
        tasks_[length].push_back(task);
    } else {
        all_fit_ = false;
    }
}

// The ops that lead to a state, and on.
void Prover::append(const Step& step) {
    if (step.from == no_state) {
        scenario_.setup = alphabet_.setups[step.letter];
        return;
    }
    append(reached_[step.from].by);
    std::vector<Op>& ops = scenario_.ops;
    if (step.end > 0) {
        *std::ranges::find(ops.rbegin(), ops.rend(), OpKind::answer_read, &Op::kind) =
            alphabet_.ends[step.end];
    }
    if (step.noise > 0) {
        ops.push_back(alphabet_.noise[step.noise - 1U]);
    }
    for (std::size_t i = 0; i < step.answers; ++i) {
        const Given& given = step.given[i];
        ops.push_back(alphabet_.answers[given.function][given.index]);
    }
    ops.push_back(alphabet_.letters[step.letter].op);
}

// From every state the same letters lead on, however it was reached.
void Prover::count_scenarios() {
    std::vector<std::vector<double>> ways(proof_.progress.length + 1,
                                          std::vector<double>(reached_.size()));
    for (const Edge& edge : edges_) {
        if (edge.from == no_state) {
            ways[0][edge.to] += 1;
        }
    }
    for (std::uint32_t length = 0; length <= proof_.progress.length; ++length) {
        for (const Edge& edge : edges_) {
            if (edge.from != no_state && edge.ops <= length) {
                ways[length][edge.to] += edge.letters * ways[length - edge.ops][edge.from];
            }
        }
        proof_.scenarios.push_back(std::accumulate(ways[length].begin(), ways[length].end(), 0.0));
    }
}

}  // namespace

Alphabet alphabet_of(const ProofRequest& request) {
    return alphabet_of(request.play, request.with_misuse, request.with_content);
}

Proof prove(const ProofRequest& request, ProofWatcher& watcher) {
    remember_blocks(true);
    repeat_payload_after(alphabet_of(request).payload_period);
    return Prover{request, watcher}.prove();
}

}  // namespace shimfuzz::harness
