// SPDX-License-Identifier: Apache-2.0
//
// A structure-aware mutator: changes ops instead of bytes.
//
// An addition, not a need: every byte string is a scenario, so any engine can do without. Swarm
// testing lives here: one mutation draws from a few kinds of op only, so that scenarios get long in
// one direction instead of a little of everything.

#include "fuzz/require.hpp"
#include "scenario/op_table.hpp"

#include <algorithm>
#include <array>
#include <cstring>

// Present under libFuzzer only; other engines keep their own byte mutations.
extern "C" __attribute__((weak)) std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size,
                                                              std::size_t size_max);

namespace shimfuzz::fuzz {
namespace {

using scenario::AnswerCode;
using scenario::NumberForm;
using scenario::Op;
using scenario::OpDescription;
using scenario::Scenario;

// SplitMix64 (Steele, Lea, Flood 2014): all chance comes from the engine's seed.
class Chance {
public:
    explicit Chance(std::uint64_t seed) noexcept : state_{seed} {}

    std::uint32_t below(std::uint32_t limit) noexcept {
        state_ += 0x9e3779b97f4a7c15U;
        std::uint64_t mixed = state_;
        mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9U;
        mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebU;
        return static_cast<std::uint32_t>((mixed ^ (mixed >> 31)) % limit);
    }

    bool one_in(std::uint32_t count) noexcept { return below(count) == 0; }

private:
    std::uint64_t state_;
};

constexpr std::uint32_t byte_mutation_one_in = 8;
constexpr std::uint32_t changes_max = 4;
constexpr std::uint32_t burst_max = 3;
constexpr std::uint32_t swarm_size_max = 6;

// The kinds of op one mutation draws from.
struct Swarm {
    std::array<const OpDescription*, swarm_size_max> kinds{};
    std::uint32_t count = 0;
};

Swarm draw_swarm(Chance& chance) noexcept {
    const std::span<const OpDescription> table = scenario::op_table();
    Swarm swarm;
    const std::uint32_t wanted = 2 + chance.below(swarm_size_max - 1);
    while (swarm.count < wanted) {
        const OpDescription& kind = table[chance.below(static_cast<std::uint32_t>(table.size()))];
        if (scenario::belongs_to(kind.kind, target.play.loop)) {
            swarm.kinds[swarm.count++] = &kind;
        }
    }
    return swarm;
}

// Sizes at which shims change what they do, and small ones.
std::uint16_t draw_number(Chance& chance, std::uint16_t max) noexcept {
    constexpr std::array<std::uint16_t, 7> telling{1, 2, 1460, 1461, 2920, 16384, 16385};
    switch (chance.below(8)) {
    case 0:
    case 1:
        return 0;  // no room, a record without data, the next allocation
    case 2:
    case 3:
        return std::min(telling[chance.below(telling.size())], max);
    case 4:
        return static_cast<std::uint16_t>(chance.below(std::uint32_t{max} + 1));
    default:
        return static_cast<std::uint16_t>(chance.below(std::min<std::uint32_t>(max, 64) + 1));
    }
}

std::uint8_t draw_choice(Chance& chance, const OpDescription& kind) noexcept {
    // Wants are what loops live by: they come as often as all other codes together.
    if (kind.number_form == NumberForm::of_answer && chance.one_in(2)) {
        return static_cast<std::uint8_t>(chance.one_in(2) ? AnswerCode::want_write
                                                          : AnswerCode::want_read);
    }
    return static_cast<std::uint8_t>(chance.below(256));
}

Op draw_operands(Chance& chance, const OpDescription& kind) noexcept {
    Op op{.kind = kind.kind, .choice = draw_choice(chance, kind)};
    op = scenario::canonical(op);
    op.number = draw_number(chance, scenario::number_max_of(op));
    return scenario::canonical(op);
}

using Iterator = std::vector<Op>::iterator;

Iterator draw_place(Chance& chance, std::vector<Op>& ops) noexcept {
    return ops.begin() + chance.below(static_cast<std::uint32_t>(ops.size()) + 1);
}

void insert_burst(Chance& chance, const Swarm& swarm, std::vector<Op>& ops) {
    const std::uint32_t count = 1 + chance.below(burst_max);
    for (std::uint32_t i = 0; i < count; ++i) {
        const OpDescription& kind = *swarm.kinds[chance.below(swarm.count)];
        ops.insert(draw_place(chance, ops), draw_operands(chance, kind));
    }
}

void change_one(Chance& chance, const Swarm& swarm, Scenario& scenario) {
    std::vector<Op>& ops = scenario.ops;
    const std::uint32_t way = ops.empty() ? 0 : chance.below(8);
    const auto pick = [&] { return ops.begin() + chance.below(static_cast<std::uint32_t>(ops.size())); };
    switch (way) {
    case 3:
        ops.erase(pick());
        return;
    case 4: {
        const Iterator op = pick();
        *op = draw_operands(chance, scenario::describe(op->kind));
        return;
    }
    case 5:
        std::iter_swap(pick(), pick());
        return;
    case 6: {
        const Op copy = *pick();
        ops.insert(draw_place(chance, ops), copy);
        return;
    }
    case 7:
        scenario.setup.side = chance.one_in(4) ? scenario::Side::client : scenario::Side::server;
        scenario.setup.start =
            chance.one_in(3) ? scenario::Start::handshake : scenario::Start::established;
        scenario.setup.read_size = draw_number(chance, scenario::size_max);
        scenario.setup = scenario::canonical(scenario.setup);
        return;
    default:
        insert_burst(chance, swarm, ops);
        return;
    }
}

// fit encodes `scenario` into `data`, leaving out ops that do not fit.
std::size_t fit(Scenario& scenario, std::uint8_t* data, std::size_t size_max) {
    const std::size_t ops_fitting =
        size_max > scenario::setup_size ? (size_max - scenario::setup_size) / scenario::op_size_max
                                        : 0;
    scenario.ops.resize(std::min({scenario.ops.size(), ops_fitting, scenario::ops_max}));
    const std::vector<std::uint8_t> bytes = scenario::encode(scenario);
    const std::size_t size = std::min(bytes.size(), size_max);
    std::memcpy(data, bytes.data(), size);
    return size;
}

}  // namespace

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size,
                                               std::size_t size_max, unsigned seed) {
    Chance chance{seed};
    if (LLVMFuzzerMutate != nullptr && chance.one_in(byte_mutation_one_in)) {
        return LLVMFuzzerMutate(data, size, size_max);
    }
    Scenario scenario = scenario::decode({data, size});
    const Swarm swarm = draw_swarm(chance);
    const std::uint32_t changes = 1 + chance.below(changes_max);
    for (std::uint32_t i = 0; i < changes; ++i) {
        change_one(chance, swarm, scenario);
    }
    return fit(scenario, data, size_max);
}

extern "C" std::size_t LLVMFuzzerCustomCrossOver(const std::uint8_t* data1, std::size_t size1,
                                                 const std::uint8_t* data2, std::size_t size2,
                                                 std::uint8_t* out, std::size_t out_size_max,
                                                 unsigned seed) {
    Chance chance{seed};
    Scenario first = scenario::decode({data1, size1});
    Scenario second = scenario::decode({data2, size2});
    first.ops.erase(draw_place(chance, first.ops), first.ops.end());
    first.ops.insert(first.ops.end(), draw_place(chance, second.ops), second.ops.end());
    return fit(first, out, out_size_max);
}

}  // namespace shimfuzz::fuzz
