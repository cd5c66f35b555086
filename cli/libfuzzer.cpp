// SPDX-License-Identifier: Apache-2.0

#include "cli/libfuzzer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

namespace shimfuzz::cli {

std::string asan_options(const std::string& more) {
    const char* options = std::getenv("ASAN_OPTIONS");
    return fmt::format("ASAN_OPTIONS={}{}{}symbolize=0", more, options != nullptr ? options : "",
                       options != nullptr ? ":" : "");
}

std::vector<std::string> libfuzzer_command(const Pair& pair, const SearchSettings& settings,
                                           double seconds, std::uint32_t seed) {
    std::vector<std::string> words{
        pair.fuzzer->program.string(),
        "--collect",
        fmt::format("-max_total_time={}", static_cast<int>(std::max(seconds, search_seconds_min))),
        fmt::format("-timeout={}", input_seconds_max),
        "-use_counters=0",  // that an edge was taken is news, how often is not
        fmt::format("-seed={}", seed),
        fmt::format("-artifact_prefix={}/", settings.work.string()),
        "-print_final_stats=1",
        "-print_funcs=0"};
    if (!settings.baseline.empty()) {
        words.push_back("--baseline=" + settings.baseline);
    }
    words.push_back(settings.corpus.string());
    if (!settings.seeds.empty()) {
        words.push_back(settings.seeds.string());
    }
    return words;
}

}  // namespace shimfuzz::cli
