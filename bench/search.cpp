// SPDX-License-Identifier: Apache-2.0
//
// Each search starts from an empty corpus and goes on, with what it has gathered, after a death
// that lws itself is to blame for: a sanitizer's report, or a violation that the lws without the
// interposer shows on the same input. The rest of what is known of that lws the program passes over
// by itself. Found is what only the interposer can have caused.

#include "bench/search.hpp"

#include "bench/fuzzer_run.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <string_view>
#include <vector>

namespace shimfuzz::bench {
namespace {

namespace fs = std::filesystem;

struct Interposed {
    std::string_view subject;
    std::string_view made_of;
    std::string_view caught_by;
};

const std::vector<Interposed> interposed{
#include "interposed.inc"
};

// A search that has found nothing after so many seconds is given up, and said to have failed.
constexpr double seconds_max = 300;

// Each start of a search has a seed of its own, or the same death would come again.
constexpr int starts_max = 1'000;

struct Found {
    bool found = false;
    std::uint64_t executions = 0;
    double seconds = 0;
    int starts = 0;
    std::string signature;
};

fs::path program_of(std::string_view subject) {
    return build_folder() / "fuzz" / fmt::format("lws_loop_fuzzer_vs_{}", subject);
}

// Whether `run` ended with the law that the interposer is caught by.
bool shows_the_law(const FuzzerRun& run, const Interposed& bug) {
    const std::optional<std::string> law = text_after(run.log, "invariant violated: ");
    return law.has_value() && law->rfind(fmt::format("{} ", bug.caught_by), 0) == 0;
}

// Whether the lws that the interposer stands in front of shows `signature` on the same input. It
// says so whether the signature is known of it or not.
bool is_lws_to_blame(const Interposed& bug, const fs::path& input, const std::string& signature,
                     const fs::path& scratch) {
    const FuzzerRun control =
        run_fuzzer({program_of(bug.made_of).string(), input.string()}, scratch);
    return control.log.find(signature) != std::string::npos;
}

Found search(const Interposed& bug, int seed) {
    const TemporaryFolder folder;
    const fs::path corpus = folder.path() / "corpus";
    fs::create_directory(corpus);
    Found found;
    while (!found.found && found.seconds < seconds_max && found.starts < starts_max) {
        const int left = static_cast<int>(seconds_max - found.seconds) + 1;
        const FuzzerRun run =
            run_fuzzer({program_of(bug.subject).string(), corpus.string(), "-use_counters=0",
                        fmt::format("-seed={}", seed * starts_max + found.starts), "-print_funcs=0",
                        fmt::format("-max_total_time={}", left)},
                       folder.path());
        ++found.starts;
        found.executions += run.executions;
        found.seconds += run.seconds;
        if (run.executions == 0) {
            give_up(fmt::format("{} cannot search: run it by hand to see why",
                                program_of(bug.subject).string()));
        }
        if (shows_the_law(run, bug)) {
            found.signature = text_after(run.log, "\nsignature: ").value_or("");
            found.found = !is_lws_to_blame(bug, run.last_input, found.signature, folder.path());
        }
    }
    return found;
}

std::string row(const nlohmann::json& row) {
    return fmt::format("{:<40}{:>6}{:>13}{:>10.1f}{:>8}  {}\n", row["subject"].get<std::string>(),
                       row["seed"].get<int>(), row["executions"].get<std::uint64_t>(),
                       row["seconds"].get<double>(), row["starts"].get<int>(),
                       row["found"].get<bool>() ? row["signature"].get<std::string>()
                                                : "NOT FOUND");
}

}  // namespace

void measure_search(int seeds, const std::string& json_path) {
    nlohmann::json rows = nlohmann::json::array();
    fmt::print("{:<40}{:>6}{:>13}{:>10}{:>8}  {}\n", "subject", "seed", "executions", "seconds",
               "starts", "found");
    for (const Interposed& bug : interposed) {
        if (!fs::exists(program_of(bug.subject)) || !fs::exists(program_of(bug.made_of))) {
            fmt::print(stderr, "bench: SKIPPED {}: it is not built\n", bug.subject);
            continue;
        }
        for (int seed = 1; seed <= seeds; ++seed) {
            const Found found = search(bug, seed);
            rows.push_back({{"subject", bug.subject},
                            {"caught_by", bug.caught_by},
                            {"seed", seed},
                            {"found", found.found},
                            {"executions", found.executions},
                            {"seconds", found.seconds},
                            {"starts", found.starts},
                            {"signature", found.signature}});
            fmt::print("{}", row(rows.back()));
            std::fflush(stdout);
        }
    }
    if (!json_path.empty()) {
        write_whole(json_path, nlohmann::json{{"seeds", seeds}, {"searches", rows}}.dump(2) + "\n");
    }
}

}  // namespace shimfuzz::bench
