// SPDX-License-Identifier: Apache-2.0
//
// A play costs a message to a runner, and one that ends in a death a process: what counts is how
// few there are. So bold candidates come first, each tries many simplifications at once, and what
// fails is halved. Slow certainty, every single simplification, comes last and is mostly known by
// then.

#include "cli/minimizer.hpp"

#include "scenario/bytes.hpp"
#include "scenario/op_table.hpp"
#include "scenario/shrink.hpp"

#include <algorithm>
#include <bit>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

namespace shimfuzz::cli {
namespace {

using scenario::Op;
using scenario::OpKind;
using scenario::Scenario;
using scenario::Setup;

// Pairs of ops are tried up to this many ops: their number grows with the square.
constexpr std::size_t pairs_ops_max = 16;

// So many ops from the start may belong to a handshake that another setup does without.
constexpr std::size_t prefix_max = 8;

// Raw bytes are dropped and cleared one by one up to this many; longer ones in blocks.
constexpr std::size_t raw_bytes_one_by_one = 1024;

// How many raw bytes `op` takes, of `left`.
std::size_t raw_taken(const Op& op, std::size_t left) {
    const bool takes_material = op.choice == static_cast<std::uint8_t>(scenario::Material::raw) &&
                                (op.kind == OpKind::config_certificate ||
                                 op.kind == OpKind::config_key || op.kind == OpKind::config_trust);
    const bool takes = takes_material || op.kind == OpKind::wire_raw ||
                       op.kind == OpKind::config_alpn || op.kind == OpKind::config_host;
    if (!takes) {
        return 0;
    }
    return op.number == 0 ? left : std::min<std::size_t>(op.number, left);
}

// `scenario` without op `index` and without the raw bytes that it takes: those behind them stay
// with the ops that take them.
Scenario without_op_and_raw(const Scenario& scenario, std::size_t index) {
    std::size_t first = 0;
    for (std::size_t i = 0; i < index; ++i) {
        first += raw_taken(scenario.ops[i], scenario.raw.size() - first);
    }
    const std::size_t count = raw_taken(scenario.ops[index], scenario.raw.size() - first);
    Scenario shorter = scenario::without(scenario, index, 1);
    const auto begin = shorter.raw.begin() + static_cast<std::ptrdiff_t>(first);
    shorter.raw.erase(begin, begin + static_cast<std::ptrdiff_t>(count));
    return shorter;
}

// The op with nothing left to say: its first choice, and no number.
Op plainest(Op op) {
    op.choice = 0;
    op.number = 0;
    return scenario::canonical(op);
}

// Setups that differ from `setup` in which side, how it starts, or what is spoken.
std::vector<Setup> other_setups(const Setup& setup) {
    std::vector<Setup> others;
    for (const scenario::Role role : {scenario::Role::raw, setup.role}) {
        for (const scenario::Side side : {scenario::Side::server, scenario::Side::client}) {
            for (const scenario::Start start :
                 {scenario::Start::established, scenario::Start::handshake}) {
                Setup other = setup;
                other.role = role;
                other.side = side;
                other.start = start;
                other = scenario::canonical(other);
                if (other != setup && std::ranges::find(others, other) == others.end()) {
                    others.push_back(other);
                }
            }
        }
    }
    return others;
}

// Descent holds the best so far and asks about candidates.
class Descent {
public:
    Descent(Scenario scenario, const Oracle& shows, const MinimizeSettings& settings)
        : shows_{shows}, settings_{settings}, best_{std::move(scenario)} {}

    Minimized run() {
        begin();
        do {
            settle();
        } while (escape());
        return {.scenario = std::move(best_), .tried = tried_, .complete = !stopped_};
    }

private:
    // Takes `candidate` for the best if it is simpler and shows it.
    bool take(Scenario candidate) {
        if (stopped() || scenario::weight(candidate) >= scenario::weight(best_) ||
            !is_new(candidate)) {
            return false;
        }
        if (!shows_now(candidate)) {
            return false;
        }
        best_ = std::move(candidate);
        cut_off_the_rest();
        return true;
    }

    // What follows the violation was, mostly, never played.
    void cut_off_the_rest() {
        while (last_op_ + 1 < best_.ops.size()) {
            const std::size_t kept = last_op_ + 1;
            Scenario shorter = scenario::without(best_, kept, best_.ops.size() - kept);
            if (stopped() || !is_new(shorter) || !shows_now(shorter)) {
                return;
            }
            best_ = std::move(shorter);
        }
    }

    // Asks about `candidate`; if it shows it, the caller makes it the best.
    bool shows_now(const Scenario& candidate) {
        ++tried_;
        const std::optional<std::size_t> op = shows_(candidate);
        last_op_ = op.value_or(last_op_);
        if (settings_.progress) {
            settings_.progress(tried_, op.has_value() ? candidate : best_);
        }
        return op.has_value();
    }

    bool is_new(const Scenario& candidate) {
        const std::vector<std::uint8_t> bytes = scenario::encode(candidate);
        return seen_.emplace(bytes.begin(), bytes.end()).second;
    }

    bool stopped() {
        stopped_ = stopped_ || (settings_.stop && settings_.stop());
        return stopped_;
    }

    // The first play says where it ended.
    void begin() {
        static_cast<void>(is_new(best_));
        if (stopped() || !shows_now(best_)) {
            return;
        }
        if (settings_.play.has_value()) {
            Scenario only_played = best_;
            std::size_t at = 0;
            std::erase_if(only_played.ops, [&](const Op& op) {
                return at++ > last_op_ || !scenario::belongs_to(op.kind, *settings_.play);
            });
            take(std::move(only_played));
        }
        cut_off_the_rest();
    }

    // Until nothing more is simpler.
    void settle() {
        Scenario before;
        do {
            before = best_;
            drop_kinds();
            drop_ranges();
            drop_raw();
            plainer_setup();
            plainer_operands();
            clear_raw();
            drop_single_ops();
            take_any_shrink();
        } while (best_ != before && !stopped_);
    }

    void drop_kinds() {
        for (const scenario::OpDescription& description : scenario::op_table()) {
            Scenario fewer = best_;
            if (std::erase_if(fewer.ops,
                              [&](const Op& op) { return op.kind == description.kind; }) > 1) {
                take(std::move(fewer));
            }
        }
    }

    // Ranges of ops, large ones first, from the end.
    void drop_ranges() {
        for (std::size_t size = std::bit_ceil(best_.ops.size()) / 2; size > 0; size /= 2) {
            std::size_t end = best_.ops.size();
            while (end > 0) {
                const std::size_t first = end > size ? end - size : 0;
                take(scenario::without(best_, first, end - first));
                end = std::min(first, best_.ops.size());
            }
        }
    }

    void drop_single_ops() {
        std::size_t end = best_.ops.size();
        while (end-- > 0) {
            take(without_op_and_raw(best_, end));
            end = std::min(end, best_.ops.size());
        }
    }

    // ---- operands ----

    void plainer_operands() {
        plainer_operands_in(0, best_.ops.size());
        for (std::size_t i = 0; i < best_.ops.size(); ++i) {
            plainer_choice(i);
            lower_number(i);
        }
    }

    // All of a range at once; where that is too much, its halves.
    void plainer_operands_in(std::size_t first, std::size_t end) {
        Scenario plainer = best_;
        for (std::size_t i = first; i < end && i < plainer.ops.size(); ++i) {
            plainer.ops[i] = plainest(plainer.ops[i]);
        }
        if (plainer == best_ || take(std::move(plainer)) || end - first <= 1) {
            return;
        }
        const std::size_t middle = first + (end - first) / 2;
        plainer_operands_in(middle, end);
        plainer_operands_in(first, middle);
    }

    void plainer_choice(std::size_t index) {
        for (std::uint8_t choice = 0; index < best_.ops.size() && choice < best_.ops[index].choice;
             ++choice) {
            Scenario plainer = best_;
            plainer.ops[index].choice = choice;
            plainer.ops[index].number = 0;
            plainer.ops[index] = scenario::canonical(plainer.ops[index]);
            if (take(std::move(plainer))) {
                return;
            }
        }
    }

    bool take_number(std::size_t index, std::uint16_t number) {
        Scenario lower = best_;
        lower.ops[index].number = number;
        return take(std::move(lower));
    }

    // The smallest number that shows it, where whatever is larger shows it, too; where that is not
    // so, one that cannot be halved or lowered by one.
    void lower_number(std::size_t index) {
        if (index >= best_.ops.size() || best_.ops[index].number == 0) {
            return;
        }
        for (const std::uint16_t boundary : scenario::boundaries()) {
            if (boundary < best_.ops[index].number && take_number(index, boundary)) {
                break;
            }
            if (index >= best_.ops.size()) {
                return;
            }
        }
        std::uint32_t too_low = 0;
        while (index < best_.ops.size() && best_.ops[index].number > too_low + 1U) {
            const auto middle =
                static_cast<std::uint16_t>(too_low + (best_.ops[index].number - too_low) / 2U);
            if (!take_number(index, middle)) {
                too_low = middle;
            }
        }
    }

    // ---- setup ----

    void plainer_setup() {
        Scenario plain = best_;
        plain.setup = Setup{};
        if (take(plain)) {
            return;
        }
        if (best_.setup.start == scenario::Start::handshake) {
            established();
        }
    }

    // Without a handshake of its own the scenario needs neither the ops that made it nor what
    // mbedTLS answered there.
    void established() {
        Scenario shorter = best_;
        shorter.setup.start = scenario::Start::established;
        shorter.setup = scenario::canonical(shorter.setup);
        std::erase_if(shorter.ops, [](const Op& op) {
            return op.kind == OpKind::answer_handshake || op.kind == OpKind::call_handshake;
        });
        for (std::size_t prefix = 0; prefix <= std::min(prefix_max, shorter.ops.size()); ++prefix) {
            if (take(scenario::without(shorter, 0, prefix))) {
                return;
            }
        }
    }

    // ---- raw bytes ----

    [[nodiscard]] std::size_t smallest_block() const {
        return best_.raw.size() <= raw_bytes_one_by_one ? 1 : 16;
    }

    void drop_raw() {
        const std::size_t smallest = smallest_block();
        for (std::size_t size = best_.raw.size(); size >= smallest && size > 0; size /= 2) {
            std::size_t end = best_.raw.size();
            while (end > 0) {
                const std::size_t first = end > size ? end - size : 0;
                Scenario shorter = best_;
                shorter.raw.erase(shorter.raw.begin() + static_cast<std::ptrdiff_t>(first),
                                  shorter.raw.begin() + static_cast<std::ptrdiff_t>(end));
                take(std::move(shorter));
                end = std::min(first, best_.raw.size());
            }
        }
    }

    void clear_raw() { clear_raw_in(0, best_.raw.size(), smallest_block()); }

    void clear_raw_in(std::size_t first, std::size_t end, std::size_t smallest) {
        Scenario cleared = best_;
        end = std::min(end, cleared.raw.size());
        if (first >= end) {
            return;
        }
        std::fill(cleared.raw.begin() + static_cast<std::ptrdiff_t>(first),
                  cleared.raw.begin() + static_cast<std::ptrdiff_t>(end), std::uint8_t{0});
        if (cleared == best_ || take(std::move(cleared)) || end - first <= smallest) {
            return;
        }
        const std::size_t middle = first + (end - first) / 2;
        clear_raw_in(middle, end, smallest);
        clear_raw_in(first, middle, smallest);
    }

    // ---- the last word ----

    // What makes a result minimal. Most of it has been tried by then.
    void take_any_shrink() {
        std::vector<Scenario> candidates = scenario::shrinks(best_);
        std::size_t at = 0;
        for (std::size_t failed_in_a_row = 0; failed_in_a_row < candidates.size() && !stopped_;) {
            // After a success the next candidates are tried from the same place on: those before it
            // have just failed for a scenario that is almost the same.
            at = at < candidates.size() ? at : 0;
            if (take(std::move(candidates[at]))) {
                candidates = scenario::shrinks(best_);
                failed_in_a_row = 0;
            } else {
                ++at;
                ++failed_in_a_row;
            }
        }
    }

    // A way out of where no single step leads down: fewer ops by two steps at once.
    bool escape() {
        if (stopped_ || best_.ops.size() > pairs_ops_max) {
            return false;
        }
        return drop_pairs() || drop_with_another_setup();
    }

    bool drop_pairs() {
        for (std::size_t second = best_.ops.size(); second-- > 1;) {
            for (std::size_t first = second; first-- > 0;) {
                Scenario fewer = scenario::without(best_, second, 1);
                if (take(scenario::without(fewer, first, 1))) {
                    return true;
                }
            }
        }
        return false;
    }

    bool drop_with_another_setup() {
        for (const Setup& setup : other_setups(best_.setup)) {
            for (std::size_t i = best_.ops.size(); i-- > 0;) {
                Scenario fewer = scenario::without(best_, i, 1);
                fewer.setup = setup;
                if (take(std::move(fewer))) {
                    return true;
                }
            }
        }
        return false;
    }

    const Oracle& shows_;
    const MinimizeSettings& settings_;
    Scenario best_;
    std::size_t last_op_ = 0;               // where the best shows it
    std::unordered_set<std::string> seen_;  // what was asked about, as bytes
    std::size_t tried_ = 0;
    bool stopped_ = false;
};

}  // namespace

Minimized minimize(Scenario scenario, const Oracle& shows, const MinimizeSettings& settings) {
    return Descent{std::move(scenario), shows, settings}.run();
}

}  // namespace shimfuzz::cli
