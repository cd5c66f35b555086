// SPDX-License-Identifier: Apache-2.0

#include "scenario/draw.hpp"

#include <algorithm>

namespace shimfuzz::scenario {

std::uint32_t Chance::below(std::uint32_t limit) noexcept {
    state_ += 0x9e3779b97f4a7c15U;
    std::uint64_t mixed = state_;
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9U;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebU;
    return static_cast<std::uint32_t>((mixed ^ (mixed >> 31)) % limit);
}

Swarm draw_swarm(Chance& chance, const Play& play) noexcept {
    const std::span<const OpDescription> table = op_table();
    Swarm swarm;
    const std::uint32_t wanted = 2 + chance.below(swarm_size_max - 1);
    while (swarm.count < wanted) {
        const OpDescription& kind = table[chance.below(static_cast<std::uint32_t>(table.size()))];
        if (belongs_to(kind.kind, play)) {
            swarm.kinds[swarm.count++] = &kind;
        }
    }
    return swarm;
}

// Most numbers are small: bytes that are moved cost time and tell little.
constexpr std::uint32_t small_number_max = 64;

std::uint16_t draw_number(Chance& chance, std::uint16_t max) noexcept {
    constexpr std::array<std::uint16_t, 7> telling{1, 2, 1460, 1461, 2920, 16384, 16385};
    const std::uint32_t way = chance.below(16);
    if (way < 4) {
        return 0;  // no room, a record without data, the next allocation
    }
    if (way < 6) {
        return std::min(telling[chance.below(telling.size())], max);
    }
    const std::uint32_t limit = way == 6 ? max : std::min<std::uint32_t>(max, small_number_max);
    return static_cast<std::uint16_t>(chance.below(limit + 1));
}

namespace {

std::uint8_t draw_choice(Chance& chance, const OpDescription& kind) noexcept {
    // Wants are what loops live by, and what goes well is what sessions are made of.
    if (kind.number_form == NumberForm::of_answer) {
        const std::uint32_t one_of_eight = chance.below(8);
        if (one_of_eight < 4) {
            return static_cast<std::uint8_t>(one_of_eight < 2 ? AnswerCode::want_write
                                                              : AnswerCode::want_read);
        }
        if (one_of_eight == 4) {
            return static_cast<std::uint8_t>(AnswerCode::ok);
        }
    }
    return static_cast<std::uint8_t>(chance.below(256));
}

}  // namespace

Op draw_operands(Chance& chance, const OpDescription& kind) noexcept {
    Op op{.kind = kind.kind, .choice = draw_choice(chance, kind)};
    op = canonical(op);
    op.number = draw_number(chance, number_max_of(op));
    return canonical(op);
}

Op draw_op(Chance& chance, const Swarm& swarm) noexcept {
    return draw_operands(chance, *swarm.kinds[chance.below(swarm.count)]);
}

namespace {

// Whether scenarios of `play` hold raw bytes.
bool has_raw(const Play& play) noexcept {
    return belongs_to(OpKind::wire_raw, play) || belongs_to(OpKind::config_alpn, play);
}

Setup draw_setup_uniformly(Chance& chance, const Play& play) noexcept {
    Setup setup;
    setup.side = static_cast<Side>(chance.below(2));
    setup.start = static_cast<Start>(chance.below(2));
    setup.read_size = static_cast<std::uint16_t>(1 + chance.below(size_max));
    if (play.loop == Loop::lws) {
        setup.role = static_cast<Role>(chance.below(role_count));
    }
    if (play.seam == Seam::real) {
        setup.tls = static_cast<TlsVersion>(chance.below(2));
        setup.auth = static_cast<Auth>(chance.below(2));
        setup.trust = static_cast<Trust>(chance.below(trust_count));
        setup.identity = static_cast<Identity>(chance.below(identity_count));
        setup.verify = static_cast<Verify>(chance.below(verify_count));
        setup.sends_name = chance.one_in(2);
        setup.allow = static_cast<std::uint8_t>(chance.below(allow_all + 1U));
    }
    if (belongs_to(OpKind::wire_raw, play)) {
        setup.peer = static_cast<Peer>(chance.below(2));
    }
    return canonical(setup);
}

Op draw_op_uniformly(Chance& chance, const Play& play) noexcept {
    const std::span<const OpDescription> table = op_table();
    const OpDescription* kind = nullptr;
    do {
        kind = &table[chance.below(static_cast<std::uint32_t>(table.size()))];
    } while (!belongs_to(kind->kind, play));
    std::uint32_t choices = 1;
    if (kind->choice_form == ChoiceForm::one_of) {
        choices = static_cast<std::uint32_t>(kind->choices.size());
    } else if (kind->choice_form == ChoiceForm::set_of) {
        choices = 1U << kind->choices.size();
    }
    Op op{.kind = kind->kind, .choice = static_cast<std::uint8_t>(chance.below(choices))};
    op.number = static_cast<std::uint16_t>(chance.below(number_max_of(op) + 1U));
    return canonical(op);
}

}  // namespace

Scenario draw_uniformly(Chance& chance, const Play& play) {
    Scenario scenario{.setup = draw_setup_uniformly(chance, play), .ops = {}, .raw = {}};
    scenario.ops.resize(chance.below(uniform_ops_max + 1));
    std::ranges::generate(scenario.ops, [&] { return draw_op_uniformly(chance, play); });
    if (has_raw(play)) {
        scenario.raw.resize(chance.below(uniform_raw_max + 1));
        std::ranges::generate(scenario.raw,
                              [&] { return static_cast<std::uint8_t>(chance.below(256)); });
    }
    return scenario;
}

}  // namespace shimfuzz::scenario
