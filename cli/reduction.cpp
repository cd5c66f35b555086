// SPDX-License-Identifier: Apache-2.0

#include "cli/reduction.hpp"

#include "cli/targets.hpp"
#include "cli/usage_error.hpp"

#include <fmt/format.h>

#include <cctype>
#include <utility>
#include <vector>

namespace shimfuzz::cli {
namespace {

bool is_hang(std::string_view signature) {
    return signature.ends_with(": runaway");
}

bool shows_afresh(Runner& runner, const scenario::Document& document,
                  const std::string& signature) {
    return runner.see(document, {.fresh = true}).signature == signature;
}

struct Reduced {
    Minimized minimized;
    bool began = false;  // the scenario itself showed it
};

Reduced reduce_under(Runner& runner, const scenario::Document& document,
                     const std::string& signature, const MinimizeSettings& settings,
                     const Circumstances& circumstances) {
    MinimizeSettings all = settings;
    all.play = document.play;
    bool began = false;
    const auto shows = [&](const scenario::Scenario& candidate) -> std::optional<std::size_t> {
        const Seen seen = runner.see({.play = document.play, .scenario = candidate}, circumstances);
        if (seen.signature != signature) {
            return std::nullopt;
        }
        began = true;
        return seen.op.value_or(candidate.ops.size());
    };
    Minimized minimized = minimize(document.scenario, shows, all);
    return {.minimized = std::move(minimized), .began = began};
}

}  // namespace

Minimized reduce(Runner& runner, const scenario::Document& document, const std::string& signature,
                 const MinimizeSettings& settings) {
    // A process that has played something before costs a hang twice.
    Reduced quick =
        reduce_under(runner, document, signature, settings,
                     {.fresh = is_hang(signature), .processor_ms = one_of_many_processor_ms});
    const scenario::Document smallest{.play = document.play, .scenario = quick.minimized.scenario};
    if (!quick.minimized.complete || (quick.began && shows_afresh(runner, smallest, signature))) {
        return std::move(quick.minimized);
    }
    if (!shows_afresh(runner, document, signature)) {
        throw UsageError{"{}: {} does not show again: the play depends on more than the scenario",
                         runner.program().filename().string(), signature};
    }
    // What was played before, or the short time, has misled: slowly, then, and surely.
    return reduce_under(runner, document, signature, settings, {.fresh = true}).minimized;
}

std::optional<Shown> first_shown(Runner& runner, const scenario::Document& document,
                                 const std::string& target) {
    const std::vector<scenario::Scenario> scenarios =
        target.empty() ? std::vector{document.scenario}
                       : scenarios_of(find_target(target), document.scenario);
    for (const scenario::Scenario& scenario : scenarios) {
        const scenario::Document one{.play = document.play, .scenario = scenario};
        if (const std::optional<std::string> signature = runner.signature(one)) {
            return Shown{.document = one, .signature = *signature};
        }
    }
    return std::nullopt;
}

scenario::Document as_shown(Runner& runner, const scenario::Document& document,
                            const std::string& target) {
    if (target.empty() || !find_target(target).sweeps_allocations) {
        return document;
    }
    const std::optional<Shown> found = first_shown(runner, document, target);
    return found.has_value() ? found->document : document;
}

std::string witness_text(const std::string& subject, const std::string& signature,
                         const scenario::Document& document) {
    return fmt::format("# {} shows here: {}\n{}", subject, signature, text_of(document));
}

std::string slug(std::string_view text) {
    std::string name;
    for (const char letter : text) {
        const auto byte = static_cast<unsigned char>(letter);
        if (std::isalnum(byte) != 0 || letter == '_') {
            name += static_cast<char>(std::tolower(byte));
        } else if (!name.empty() && name.back() != '-') {
            name += '-';
        }
    }
    return name;
}

}  // namespace shimfuzz::cli
