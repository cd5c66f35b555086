// SPDX-License-Identifier: Apache-2.0
//
// A structure-aware mutator: changes ops instead of bytes.
//
// An addition, not a need: every byte string is a scenario, so any engine can do without.

#include "fuzz/experiment.hpp"
#include "fuzz/require.hpp"
#include "scenario/draw.hpp"

#include <algorithm>

// Present under libFuzzer only; other engines keep their own byte mutations.
extern "C" __attribute__((weak)) std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size,
                                                              std::size_t size_max);

namespace shimfuzz::fuzz {
namespace {

using scenario::Chance;
using scenario::Op;
using scenario::Scenario;
using scenario::Setup;
using scenario::Swarm;

constexpr std::uint32_t byte_mutation_one_in = 8;
constexpr std::uint32_t changes_max = 4;
constexpr std::uint32_t burst_max = 3;

// One mutation in so many forgets its input and begins anew, and so does each that finds no ops: a
// search that starts from nothing would else take a thousand inputs to get as far as a scenario
// that is drawn gets at once.
constexpr std::uint32_t fresh_one_in = 4;
constexpr std::uint32_t fresh_ops_max = 48;

constexpr std::uint32_t repeated_ops_max = 4;
constexpr std::uint32_t repetitions_max = 8;

// Where raw bytes matter they are what is changed, in as many of this many mutations less one.
constexpr std::uint32_t op_mutation_one_in = 4;

using Iterator = std::vector<Op>::iterator;

Iterator draw_place(Chance& chance, std::vector<Op>& ops) noexcept {
    return ops.begin() + chance.below(static_cast<std::uint32_t>(ops.size()) + 1);
}

void insert_burst(Chance& chance, const Swarm& swarm, std::vector<Op>& ops) {
    const std::uint32_t count = 1 + chance.below(burst_max);
    for (std::uint32_t i = 0; i < count; ++i) {
        ops.insert(draw_place(chance, ops), scenario::draw_op(chance, swarm));
    }
}

// The engine's own mutations are what is best for bytes that no table describes.
void change_raw(Scenario& scenario) {
    const std::size_t size = scenario.raw.size();
    scenario.raw.resize(scenario::raw_max);
    scenario.raw.resize(LLVMFuzzerMutate(scenario.raw.data(), size, scenario.raw.size()));
}

// Whether this target's scenarios are made of raw bytes as much as of ops.
bool sends_raw() noexcept {
    return scenario::belongs_to(scenario::OpKind::wire_raw, target.play);
}

// Certificates are what setups are about where nobody loops on the real seam. Elsewhere they come
// about by chance: they cost.
void change_certificates(Chance& chance, scenario::Setup& setup) {
    const bool are_the_question =
        target.play.seam == scenario::Seam::real && target.play.loop == scenario::Loop::none;
    if (!are_the_question && !chance.one_in(16)) {
        return;
    }
    setup.auth = chance.one_in(16) ? scenario::Auth::psk : scenario::Auth::certificate;
    setup.trust = static_cast<scenario::Trust>(chance.below(scenario::trust_count));
    setup.identity = static_cast<scenario::Identity>(chance.below(scenario::identity_count));
    setup.verify = static_cast<scenario::Verify>(chance.below(scenario::verify_count));
    setup.sends_name = chance.one_in(2);
    setup.allow = static_cast<std::uint8_t>(chance.one_in(2) ? 0 : chance.below(256));
}

Setup draw_setup(Chance& chance) noexcept {
    scenario::Setup setup;
    setup.side = chance.one_in(4) ? scenario::Side::client : scenario::Side::server;
    setup.start = chance.one_in(3) ? scenario::Start::handshake : scenario::Start::established;
    setup.read_size = scenario::draw_number(chance, scenario::size_max);
    if (target.play.loop == scenario::Loop::lws) {
        setup.role = static_cast<scenario::Role>(chance.below(scenario::role_count));
    }
    if (target.play.seam == scenario::Seam::real) {
        setup.tls = chance.one_in(3) ? scenario::TlsVersion::tls13 : scenario::TlsVersion::tls12;
    }
    if (sends_raw() && target.play.loop != scenario::Loop::none) {
        setup.side = chance.one_in(2) ? scenario::Side::client : scenario::Side::server;
        setup.peer = chance.one_in(4) ? scenario::Peer::lawful : scenario::Peer::hostile;
    }
    if (target.play.seam == scenario::Seam::real) {
        change_certificates(chance, setup);
    }
    return scenario::canonical(setup);
}

void draw_anew(Chance& chance, const Swarm& swarm, Scenario& scenario) {
    scenario.setup = draw_setup(chance);
    scenario.ops.resize(1 + chance.below(fresh_ops_max));
    const bool of_all_kinds = chance.one_in(2);
    std::ranges::generate(scenario.ops, [&] {
        return scenario::draw_op(chance,
                                 of_all_kinds ? scenario::draw_swarm(chance, target.play) : swarm);
    });
}

// What adds up, or spins, shows only where the same happens again and again.
void repeat(Chance& chance, std::vector<Op>& ops) {
    const auto count = static_cast<std::uint32_t>(ops.size());
    const std::uint32_t first = chance.below(count);
    const std::uint32_t length = 1 + chance.below(std::min(repeated_ops_max, count - first));
    const std::vector<Op> repeated{ops.begin() + first, ops.begin() + first + length};
    for (std::uint32_t times = 1 + chance.below(repetitions_max); times > 0; --times) {
        if (ops.size() + length <= scenario::ops_max) {
            ops.insert(ops.begin() + first, repeated.begin(), repeated.end());
        }
    }
}

void change_one(Chance& chance, const Swarm& swarm, Scenario& scenario) {
    std::vector<Op>& ops = scenario.ops;
    const std::uint32_t way = chance.below(8);
    // Without ops there are the setup and new ones.
    const bool has_nothing_to_change = ops.empty() && way != 7;
    const auto pick = [&] {
        return ops.begin() + chance.below(static_cast<std::uint32_t>(ops.size()));
    };
    switch (has_nothing_to_change ? 0 : way) {
    case 3:
        ops.erase(pick());
        return;
    case 4: {
        const Iterator op = pick();
        *op = scenario::draw_operands(chance, scenario::describe(op->kind));
        return;
    }
    case 5:
        std::iter_swap(pick(), pick());
        return;
    case 6:
        if (chance.one_in(2)) {
            repeat(chance, ops);
        } else {
            const Op copy = *pick();
            ops.insert(draw_place(chance, ops), copy);
        }
        return;
    case 7:
        scenario.setup = draw_setup(chance);
        return;
    default:
        insert_burst(chance, swarm, ops);
        return;
    }
}

}  // namespace

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size,
                                               std::size_t size_max, unsigned seed) {
    Chance chance{seed};
    if (experiment().mutation == Mutation::nothing) {
        return scenario::encode_into({data, size_max},
                                     scenario::draw_uniformly(chance, target.play));
    }
    const bool only_bytes = experiment().mutation == Mutation::bytes;
    if (LLVMFuzzerMutate != nullptr && (only_bytes || chance.one_in(byte_mutation_one_in))) {
        return LLVMFuzzerMutate(data, size, size_max);
    }
    static Scenario scenario;  // one for all inputs, so that its memory is allocated once
    scenario::decode_into({data, size}, scenario);
    const bool has_engine = LLVMFuzzerMutate != nullptr;
    if (has_engine && sends_raw() && !chance.one_in(op_mutation_one_in)) {
        change_raw(scenario);
        return scenario::encode_into({data, size_max}, scenario);
    }
    const Swarm swarm = scenario::draw_swarm(chance, target.play);
    if (scenario.ops.empty() || chance.one_in(fresh_one_in)) {
        draw_anew(chance, swarm, scenario);
        return scenario::encode_into({data, size_max}, scenario);
    }
    const std::uint32_t changes = 1 + chance.below(changes_max);
    for (std::uint32_t i = 0; i < changes; ++i) {
        change_one(chance, swarm, scenario);
    }
    return scenario::encode_into({data, size_max}, scenario);
}

extern "C" std::size_t LLVMFuzzerCustomCrossOver(const std::uint8_t* data1, std::size_t size1,
                                                 const std::uint8_t* data2, std::size_t size2,
                                                 std::uint8_t* out, std::size_t out_size_max,
                                                 unsigned seed) {
    if (experiment().mutation != Mutation::ops) {
        return 0;  // the engine then takes another way, of which there is one: the mutator
    }
    Chance chance{seed};
    static Scenario first;
    static Scenario second;
    scenario::decode_into({data1, size1}, first);
    scenario::decode_into({data2, size2}, second);
    first.ops.erase(draw_place(chance, first.ops), first.ops.end());
    first.ops.insert(first.ops.end(), draw_place(chance, second.ops), second.ops.end());
    if (chance.one_in(2)) {
        std::swap(first.raw, second.raw);
    }
    return scenario::encode_into({out, out_size_max}, first);
}

}  // namespace shimfuzz::fuzz
