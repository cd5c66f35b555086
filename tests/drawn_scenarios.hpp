// SPDX-License-Identifier: Apache-2.0
//
// Scenarios for a whole lws, drawn from a seed: for tests that play many of them in one process.
#pragma once

#include "scenario/draw.hpp"
#include "scenario/text.hpp"

#include <vector>

namespace shimfuzz::tests {

// drawn_for_lws returns a scenario of `ops` ops and the passes that make something of them.
inline scenario::Document drawn_for_lws(std::uint64_t seed, scenario::Profile profile,
                                        std::size_t ops,
                                        scenario::Seam seam = scenario::Seam::scripted) {
    scenario::Chance chance{seed};
    scenario::Document document{
        .play = {.seam = seam, .loop = scenario::Loop::lws, .profile = profile}, .scenario = {}};
    scenario::Setup& setup = document.scenario.setup;
    setup.side = chance.one_in(2) ? scenario::Side::client : scenario::Side::server;
    setup.start = chance.one_in(2) ? scenario::Start::handshake : scenario::Start::established;
    setup.role = static_cast<scenario::Role>(chance.below(scenario::role_count));
    const scenario::Swarm swarm = scenario::draw_swarm(chance, document.play);
    for (std::size_t i = 0; i < ops; ++i) {
        document.scenario.ops.push_back(scenario::draw_op(chance, swarm));
        // A swarm may hold no pass at all, and every other op only waits for one.
        if (chance.one_in(2)) {
            document.scenario.ops.push_back(scenario::draw_operands(
                chance, scenario::describe(scenario::OpKind::service_pass)));
        }
    }
    return document;
}

}  // namespace shimfuzz::tests
