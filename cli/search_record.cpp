// SPDX-License-Identifier: Apache-2.0

#include "cli/search_record.hpp"

#include "cli/files.hpp"
#include "cli/interrupt.hpp"
#include "cli/reduction.hpp"
#include "cli/scenario_file.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace shimfuzz::cli {

std::string_view invariant_of(std::string_view signature) noexcept {
    return signature.substr(0, signature.find(':'));
}

double SearchRecord::elapsed() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
}

void SearchRecord::note(const std::string& signature, const scenario::Scenario& scenario,
                        std::uint64_t executions) {
    if (std::ranges::find(result_.sightings, signature, &Sighting::signature) ==
        result_.sightings.end()) {
        result_.sightings.push_back({.signature = signature,
                                     .scenario = scenario,
                                     .executions = executions,
                                     .seconds = elapsed()});
    }
}

void SearchRecord::note_death(const std::filesystem::path& path, std::uint64_t executions) {
    const std::string content = read_file(path);
    const scenario::Scenario scenario = from_bytes(content);
    const std::optional<Shown> found =
        first_shown(runner_, {.play = pair_.target->play, .scenario = scenario},
                    std::string{pair_.target->name});
    if (found.has_value()) {
        note(found->signature, found->document.scenario, executions);
        return;
    }
    make_folder(settings_.keep);
    const std::filesystem::path kept =
        settings_.keep / (pair_.fuzzer->target + "-" + path.filename().string());
    write_file(kept, content);
    result_.unexplained.push_back(shown(kept));
}

void SearchRecord::add_reach(const harness::Reach& reach) {
    harness::Reach sum = result_.reach.value_or(harness::Reach{});
    std::ranges::transform(sum, reach, sum.begin(), std::plus<>{});
    result_.reach = sum;
}

void SearchRecord::saw_edges(std::uint64_t edges) {
    result_.edges = std::max(result_.edges, edges);
}

void SearchRecord::tell_progress(std::uint64_t executions) const {
    progress_(fmt::format("{:3.0f} of {:.0f} s, {} executions, {} edges, {} signatures", elapsed(),
                          pair_.seconds, executions, result_.edges, result_.sightings.size()));
}

bool SearchRecord::is_enough() const {
    const bool caught = pair_.mutant != nullptr &&
                        std::ranges::any_of(result_.sightings, [&](const Sighting& sighting) {
                            return invariant_of(sighting.signature) == pair_.mutant->caught_by;
                        });
    return caught || interrupted();
}

SearchResult SearchRecord::finish(std::uint64_t executions) {
    result_.executions = executions;
    result_.seconds = elapsed();
    return std::move(result_);
}

}  // namespace shimfuzz::cli
