// SPDX-License-Identifier: Apache-2.0

#include "cli/targets.hpp"

#include "cli/usage_error.hpp"
#include "scenario/allocation_sweep.hpp"

#include <algorithm>
#include <array>

namespace shimfuzz::cli {
namespace {

using scenario::Loop;
using scenario::OpKind;
using scenario::Profile;
using scenario::Seam;

constexpr std::array<Target, 12> targets{
    Target{"return_codes",
           {Seam::scripted, Loop::none, Profile::any},
           "Does every API call tell the truth about what mbedTLS answered, whatever it answers?"},
    Target{"poll_loop",
           {Seam::scripted, Loop::lawful, Profile::plausible},
           "Does a correct event loop, on this shim, keep every promise to its application and its "
           "peer?"},
    Target{"poll_loop_any",
           {Seam::scripted, Loop::lawful, Profile::any},
           "Does a correct event loop, on this shim, stay safe when mbedTLS answers what no socket "
           "could lead to?"},
    Target{"lws_loop",
           {Seam::scripted, Loop::lws, Profile::plausible},
           "Does a real libwebsockets, under its own event loop, keep every promise to its "
           "application and its peer?"},
    Target{
        "lws_loop_any",
        {Seam::scripted, Loop::lws, Profile::any},
        "Does a real libwebsockets stay safe when mbedTLS answers what no socket could lead to?"},
    Target{"tls_stream",
           {Seam::real, Loop::lawful, Profile::plausible},
           "Do all bytes cross, in order, and does the close complete, with real mbedTLS on both "
           "ends of any wire?"},
    Target{"hostile_bytes",
           {Seam::real, Loop::lawful, Profile::any},
           "Does the shim, on real mbedTLS, stay safe whatever bytes arrive?"},
    Target{"verification",
           {Seam::real, Loop::none, Profile::plausible},
           "Is nobody let in whom verification should keep out?"},
    Target{"config_bytes",
           {Seam::real, Loop::none, Profile::any},
           "Does the shim stay safe whatever it is configured with?"},
    Target{"lws_stream",
           {Seam::real, Loop::lws, Profile::plausible},
           "Do all bytes cross a real libwebsockets, in order, and does the close complete, with "
           "real mbedTLS on both ends of any wire?"},
    Target{"lws_hostile",
           {Seam::real, Loop::lws, Profile::any},
           "Does a real libwebsockets, on real mbedTLS, stay safe whatever bytes arrive, and "
           "whatever a virtual host is made of?"},
    Target{"alloc_fail",
           {Seam::real, Loop::lawful, Profile::plausible},
           "Does a connection that memory runs out on work whole, or fail, close and leave nothing "
           "behind?",
           true}};

}  // namespace

std::span<const Target> target_table() noexcept {
    return targets;
}

const Target& find_target(std::string_view name) {
    const auto* found = std::ranges::find(targets, name, &Target::name);
    if (found == targets.end()) {
        throw UsageError{"unknown target '{}'; there are: {}", name, target_names()};
    }
    return *found;
}

const Target* target_of(const scenario::Play& play) noexcept {
    const auto* found = std::ranges::find(targets, play, &Target::play);
    return found == targets.end() ? nullptr : found;
}

std::string target_names() {
    std::string names;
    for (const Target& target : targets) {
        names += names.empty() ? "" : ", ";
        names += target.name;
    }
    return names;
}

std::vector<scenario::Scenario> scenarios_of(const Target& target,
                                             const scenario::Scenario& scenario) {
    std::vector<scenario::Scenario> scenarios{scenario};
    scenario::Scenario failing;
    for (std::uint16_t later = 0; target.sweeps_allocations && later < scenario::sweep_max &&
                                  scenario::sweep_into(scenario, later, failing);
         ++later) {
        if (failing != scenario) {
            scenarios.push_back(failing);
        }
    }
    return scenarios;
}

bool judges(const Target& target, const harness::InvariantDescription& invariant) {
    const bool has_loop = target.play.loop != Loop::none;
    const bool is_plausible = target.play.profile == Profile::plausible;
    return (invariant.level == harness::Level::api || has_loop) &&
           (!invariant.plausible_only || is_plausible);
}

}  // namespace shimfuzz::cli
