// SPDX-License-Identifier: Apache-2.0

#include "cli/reduction.hpp"

#include "cli/usage_error.hpp"

#include <fmt/format.h>

#include <cctype>

namespace shimfuzz::cli {
namespace {

// Every scenario that hangs costs all of its processor time. What is still playing after this has
// taken twenty times as long as any scenario that ends.
constexpr int hang_processor_ms = 200;

bool is_hang(std::string_view signature) {
    return signature.ends_with(": runaway");
}

bool shows_afresh(Runner& runner, const scenario::Document& document,
                  const std::string& signature) {
    return runner.see(document, {.fresh = true}).signature == signature;
}

Minimized reduce_under(Runner& runner, const scenario::Document& document,
                       const std::string& signature, const MinimizeSettings& settings,
                       const Circumstances& circumstances) {
    MinimizeSettings all = settings;
    all.play = document.play;
    const auto shows = [&](const scenario::Scenario& candidate) -> std::optional<std::size_t> {
        const Seen seen =
            runner.see({.play = document.play, .scenario = candidate}, circumstances);
        if (seen.signature != signature) {
            return std::nullopt;
        }
        return seen.op.value_or(candidate.ops.size());
    };
    return minimize(document.scenario, shows, all);
}

}  // namespace

Minimized reduce(Runner& runner, const scenario::Document& document, const std::string& signature,
                 const MinimizeSettings& settings) {
    Minimized result;
    // A process that played something before costs a hang twice.
    Circumstances circumstances;
    if (is_hang(signature)) {
        circumstances = {.fresh = true, .processor_ms = hang_processor_ms};
    }
    result = reduce_under(runner, document, signature, settings, circumstances);
    if (shows_afresh(runner, {.play = document.play, .scenario = result.scenario}, signature)) {
        return result;
    }
    if (!shows_afresh(runner, document, signature)) {
        throw UsageError{"{}: {} does not show again: the play depends on more than the scenario",
                         runner.program().filename().string(), signature};
    }
    // What was played before, or the short time, has misled: slowly, then, and surely.
    result = reduce_under(runner, document, signature, settings, {.fresh = true});
    return result;
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
