// SPDX-License-Identifier: Apache-2.0

#include "model/dialects/conformance.hpp"

#include <array>

namespace shimfuzz::model {
namespace {

constexpr std::array differences{
    KnownDifference{.reason = "lws closes what waits too long, and a dialect has no clock: a story "
                              "ends before the first timeout",
                    .scenario = "wait_that_only_time_ends.scenario"},
    KnownDifference{.reason = "what lws does where memory runs out depends on what it was making, "
                              "and a dialect makes nothing: no allocation fails",
                    .scenario = "memory_that_runs_out.scenario"}};

bool is_received(const LoopEvent& event) noexcept {
    return event.kind == LoopEventKind::received;
}

// What the loop does, as far as it is compared: what was answered is the shim's.
bool same_deed(const LoopEvent& one, const LoopEvent& other) noexcept {
    const bool size_counts = one.size != DialectWorld::any_size;
    return one.kind == other.kind && one.call == other.call && one.flag == other.flag &&
           one.events == other.events && (!size_counts || one.size == other.size);
}

bool is_done_to_the_loop(LoopEventKind kind) noexcept {
    return kind <= LoopEventKind::returned;
}

class Replay final : public DialectWorld {
public:
    explicit Replay(std::span<const LoopEvent> events) noexcept : events_{events} {}

    [[nodiscard]] std::optional<Difference> difference() const noexcept { return difference_; }

    // What the story still has when the dialect is at its end is a difference, too.
    void judge_the_rest(const LoopEvent& last) noexcept {
        if (!is_over()) {
            difference_ = {.at = next_, .of_dialect = last};
        }
    }

    [[nodiscard]] bool is_over() const noexcept override {
        return difference_.has_value() || next_ >= events_.size();
    }

    ShimAnswer call(ShimCall call, std::uint32_t& size) noexcept override {
        const LoopEvent* event = take({.kind = LoopEventKind::called, .call = call, .size = size});
        if (event == nullptr) {
            return {.returned = -1, .error = SslError::ssl};
        }
        size = event->size;
        return event->answer;
    }

    void opened(bool lives) noexcept override {
        take({.kind = LoopEventKind::opened, .flag = lives});
    }

    void tell(LoopEventKind told, std::uint32_t size) noexcept override {
        if (told == LoopEventKind::received) {
            receive(size);
        } else {
            take({.kind = told, .size = size});
        }
    }

    LoopEvent act() noexcept override {
        if (is_over()) {
            return {.kind = LoopEventKind::returned, .flag = true};
        }
        const LoopEvent& event = events_[next_];
        // A deed of the loop is held against the dialect's own.
        next_ += is_done_to_the_loop(event.kind) ? 1 : 0;
        return event;
    }

    PollEvents sleep(const PollEvents& interest, bool at_once) noexcept override {
        take({.kind = LoopEventKind::slept, .flag = at_once, .events = interest});
        return is_over() ? PollEvents{} : events_[next_++].events;  // woke
    }

private:
    // Returns the story's next event if it is `deed`, else null.
    const LoopEvent* take(const LoopEvent& deed) noexcept {
        if (is_over()) {
            return nullptr;
        }
        if (!same_deed(deed, events_[next_])) {
            difference_ = {.at = next_, .of_dialect = deed};
            return nullptr;
        }
        return &events_[next_++];
    }

    // In how many pieces payload is given to the application is not compared.
    void receive(std::uint32_t size) noexcept {
        const std::size_t first = next_;
        std::uint32_t given = 0;
        while (given < size && !is_over() && is_received(events_[next_])) {
            given += events_[next_++].size;
        }
        if (given != size && next_ < events_.size()) {
            difference_ = {.at = first,
                           .of_dialect = {.kind = LoopEventKind::received, .size = size}};
        }
    }

    std::span<const LoopEvent> events_;
    std::size_t next_ = 0;
    std::optional<Difference> difference_;
};

}  // namespace

std::span<const KnownDifference> known_differences() noexcept {
    return differences;
}

std::optional<Difference> first_difference(LwsVersion version, const Story& story) {
    Replay replay{story.events};
    Dialect dialect{version, story.side, story.role, story.peer, replay};
    dialect.run();
    replay.judge_the_rest({.kind = LoopEventKind::closed});
    return replay.difference();
}

}  // namespace shimfuzz::model
