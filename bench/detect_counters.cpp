// SPDX-License-Identifier: Apache-2.0

#include "bench/detect_counters.hpp"

#include "bench/fuzzer_run.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <vector>

namespace shimfuzz::bench {
namespace {

namespace fs = std::filesystem;

// What one input came to (fuzz/account.hpp).
struct Played {
    std::string digest;
    bool reached = false;
    std::string signature;
};

const std::string died = "died";

std::vector<Played> read_account(const fs::path& path) {
    std::vector<Played> account;
    std::ifstream file{path};
    Played one;
    int reached = 0;
    while (file >> one.digest >> reached && file.get() == ' ' &&
           std::getline(file, one.signature)) {
        one.reached = reached != 0;
        account.push_back(one);
    }
    return account;
}

// Real mbedTLS plays a thousand inputs a second; no search waits longer than this for its counters.
constexpr double account_seconds_max = 2;

// The account that `program` gives of `inputs`, or of as many as there is time for. Of some it
// dies, and goes on behind them.
std::vector<Played> account_of(const fs::path& program, const fs::path& inputs,
                               const fs::path& scratch) {
    constexpr int deaths_max = 2'000;
    const fs::path path = scratch / "account";
    fs::remove(path);
    double seconds = 0;
    for (int deaths = 0; deaths < deaths_max; ++deaths) {
        const FuzzerRun run = run_fuzzer(
            {program.string(), "--account-of=" + inputs.string(), "--account=" + path.string(),
             fmt::format("--account-from={}", read_account(path).size())},
            scratch, Reports::plain, account_seconds_max - seconds);
        seconds += run.processor_seconds;
        if (run.reached_its_end || seconds >= account_seconds_max) {
            break;
        }
        std::ofstream{path, std::ios::app} << fmt::format("{} 0 -\n", died);
    }
    return read_account(path);
}

}  // namespace

Counters count(const PlantedBug& bug, const fs::path& inputs, const fs::path& scratch) {
    const std::vector<Played> with = account_of(bug.program(), inputs, scratch);
    const std::vector<Played> without = account_of(bug.control(), inputs, scratch);
    Counters counters{.executions = std::min(with.size(), without.size())};
    for (std::uint64_t i = 0; i < counters.executions; ++i) {
        const bool triggered =
            with[i].digest != without[i].digest || with[i].signature != without[i].signature;
        // Without having run it makes no difference: who died of it could not say so.
        const bool reached = with[i].reached || (triggered && with[i].digest == died);
        counters.reached += reached ? 1 : 0;
        counters.triggered += triggered ? 1 : 0;
        if (reached && !counters.first_reached.has_value()) {
            counters.first_reached = i + 1;
        }
        if (triggered && !counters.first_triggered.has_value()) {
            counters.first_triggered = i + 1;
        }
    }
    return counters;
}

}  // namespace shimfuzz::bench
