// SPDX-License-Identifier: Apache-2.0

#include "cli/proof_request.hpp"

#include "cli/runner.hpp"
#include "cli/usage_error.hpp"

#include <fmt/format.h>

#include <chrono>

namespace shimfuzz::cli {

using nlohmann::ordered_json;

namespace {

// What is said on the way, no more often than this.
constexpr std::chrono::seconds progress_every{2};

std::string provable_names() {
    std::vector<std::string_view> names;
    for (const Target& target : target_table()) {
        if (has_proof(target)) {
            names.push_back(target.name);
        }
    }
    return fmt::format("{}", fmt::join(names, ", "));
}

ordered_json proof_request(const ProofQuestion& question, const ProofOptions& options) {
    std::vector<std::string> signatures;
    if (options.known != nullptr) {
        for (const Declared& declared : options.known->all()) {
            signatures.push_back(declared.signature);
        }
    }
    const std::string setup = cli::text_of(scenario::Document{.play = question.target->play});
    return {{"setup", setup.substr(0, setup.find('\n'))},
            {"ops", options.ops},
            {"known", signatures},
            {"content", options.content},
            {"cells", options.cells}};
}

}  // namespace

bool has_proof(const Target& target) noexcept {
    return target.play.seam == scenario::Seam::scripted && target.play.loop != scenario::Loop::lws;
}

const Target& provable(const std::string& name) {
    const Target& target = find_target(name);
    if (!has_proof(target)) {
        throw UsageError{"target {} has no proof; there are: {}", name, provable_names()};
    }
    return target;
}

ordered_json proof_of(const Build& build, const ProofQuestion& question,
                      const ProofOptions& options) {
    const std::filesystem::path program = build.runner(question.subject);
    Process process{{program.string(), "prove"}, Listen::to_stdout};
    static_cast<void>(process.tell(proof_request(question, options).dump()));
    auto said = std::chrono::steady_clock::now();
    while (const std::optional<std::string> line = process.hear()) {
        ordered_json told = ordered_json::parse(*line, nullptr, false);
        if (told.is_object() && told.contains("proof")) {
            return std::move(told["proof"]);
        }
        if (told.is_object() && told.contains("error")) {
            throw UsageError{"{}: {}", program.filename().string(),
                             told["error"].get<std::string>()};
        }
        const auto now = std::chrono::steady_clock::now();
        if (told.is_object() && told.contains("plays") && now - said >= progress_every) {
            said = now;
            fmt::print(stderr, "prove: {}, {}: up to {} ops {} states, {} plays\n",
                       question.subject, question.target->name, told["ops"].get<unsigned>(),
                       told["states"].get<std::uint64_t>(), told["plays"].get<std::uint64_t>());
        }
    }
    throw UsageError{"{}: has died, or proves nothing", program.string()};
}

}  // namespace shimfuzz::cli
