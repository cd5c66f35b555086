// SPDX-License-Identifier: Apache-2.0
//
// hostile_bytes beside fuzz_client and fuzz_server, which mbedTLS brings along, and whole sessions.
//
// All are built with the same flags, on the same instrumented TLS and X.509 parts and the same
// plain cryptography. A rate is executions per second of processor time. For the rates each program
// plays one input again and again: all that a lawful peer says in a handshake, ours as it is stored
// in corpus/, theirs as it comes with their source. For the edges each searches from nothing, and
// what its corpus then covers is counted in the functions of mbedTLS's library/ssl_*.c alone.

#include "bench/wire.hpp"

#include "bench/fuzzer_run.hpp"
#include "scenario/bytes.hpp"
#include "scenario/text.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>
#include <sstream>

namespace shimfuzz::bench {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t trial_runs = 300;
constexpr double seconds_wanted = 3.0;

// Ours, theirs, and what is asked of the ratio of the two.
struct Contest {
    std::string name;
    std::string ours_input;  // below corpus/
    std::string theirs;      // below build/<preset>/bench/
    std::string theirs_input;
    double floor;
};

const std::array<Contest, 2> contests{{
    {"hostile_bytes as client", "hostile_bytes/server_of_2_28_tls_1_2.scenario",
     "fuzz_client_mbedtls", "client", 1.0},
    {"hostile_bytes as server", "hostile_bytes/client_of_2_28_tls_1_2.scenario",
     "fuzz_server_mbedtls", "server", 10.0},
}};

constexpr double sessions_per_second_floor = 1500;

// A handshake, 4 KiB each way, and what it takes to be rid of it.
constexpr std::string_view session =
    "setup format=1 seam=real loop=lawful profile=plausible side=client start=handshake"
    " read_size=4096\n"
    "app_write size=4096\n"
    "peer_write bytes=4096\n";

std::string read_file(const fs::path& path) {
    std::ifstream file{path, std::ios::binary};
    if (!file) {
        give_up(fmt::format("{}: cannot be read", path.string()));
    }
    return {std::istreambuf_iterator<char>{file}, {}};
}

// Writes the scenario in `text` as bytes, for a fuzz program to play.
void write_encoded(const fs::path& path, std::string_view text) {
    const auto parsed = scenario::parse(text);
    const auto* document = std::get_if<scenario::Document>(&parsed);
    if (document == nullptr) {
        give_up(fmt::format("{}: is no scenario", path.string()));
    }
    const std::vector<std::uint8_t> bytes = scenario::encode(document->scenario);
    std::ofstream file{path, std::ios::binary};
    file.write(reinterpret_cast<const char*>(bytes.data()),
               static_cast<std::streamsize>(bytes.size()));
}

// How often per second `program` plays `input`.
double rate_of(const fs::path& program, const fs::path& input, const fs::path& scratch) {
    const auto run = [&](std::uint64_t runs) {
        const FuzzerRun done =
            run_fuzzer({program.string(), input.string(), fmt::format("-runs={}", runs)}, scratch);
        if (!done.reached_its_end) {
            give_up(fmt::format("{} does not get through {}", program.string(), input.string()));
        }
        return done.processor_seconds;
    };
    const double start = run(1);
    const double trial = std::max(run(trial_runs) - start, 0.001);
    const auto runs =
        static_cast<std::uint64_t>(static_cast<double>(trial_runs) / trial * seconds_wanted);
    return static_cast<double>(runs) / std::max(run(runs) - start, 0.001);
}

// The edges that are covered in mbedTLS's ssl_*.c, from what libFuzzer prints of each function:
// `COVERED_FUNC: hits: 12 edges: 3/7 mbedtls_ssl_read /.../library/ssl_msg.c:5260`.
std::uint64_t ssl_edges_in(const std::string& log) {
    std::uint64_t edges = 0;
    std::istringstream lines{log};
    for (std::string line; std::getline(lines, line);) {
        const std::size_t at = line.find("edges: ");
        if (line.starts_with("COVERED_FUNC") && at != std::string::npos &&
            line.find("/library/ssl_") != std::string::npos) {
            edges +=
                std::strtoull(line.c_str() + at + std::string_view{"edges: "}.size(), nullptr, 10);
        }
    }
    return edges;
}

// What a search from nothing comes to.
struct Search {
    std::vector<double> edges;
    std::vector<double> rates;  // executions per second of processor time
};

void search_once(Search& search, const fs::path& program, double seconds, int seed,
                 const std::vector<std::string>& flags) {
    const TemporaryFolder folder;
    const fs::path corpus = folder.path() / "corpus";
    fs::create_directory(corpus);
    std::vector<std::string> words{program.string(), corpus.string(),
                                   fmt::format("-max_total_time={:.0f}", seconds),
                                   fmt::format("-seed={}", seed), "-print_funcs=0"};
    words.insert(words.end(), flags.begin(), flags.end());
    const FuzzerRun searched = run_fuzzer(words, folder.path());
    if (!searched.reached_its_end || searched.executions == 0) {
        give_up(fmt::format("{} did not search to its end", program.string()));
    }
    search.rates.push_back(static_cast<double>(searched.executions) /
                           std::max(searched.processor_seconds, 0.001));
    const FuzzerRun covered =
        run_fuzzer({program.string(), corpus.string(), "-runs=0", "-print_coverage=1"},
                   folder.path(), Reports::symbolized);
    const std::uint64_t edges = ssl_edges_in(covered.log);
    if (!covered.reached_its_end || edges == 0) {
        give_up(fmt::format("{} does not say what it covers", program.string()));
    }
    search.edges.push_back(static_cast<double>(edges));
}

nlohmann::json ratio_row(const std::string& name, double ours, double theirs, double floor) {
    return {{"what", name},           {"ours", ours},   {"theirs", theirs},
            {"ratio", ours / theirs}, {"floor", floor}, {"met", ours / theirs >= floor}};
}

nlohmann::json compare_rates(int rounds) {
    const TemporaryFolder folder;
    const fs::path build = build_folder();
    const fs::path corpus = fs::path{SHIMFUZZ_SOURCE_DIR} / "corpus";
    nlohmann::json rows = nlohmann::json::array();
    for (const Contest& contest : contests) {
        const fs::path input = folder.path() / "ours";
        write_encoded(input, read_file(corpus / contest.ours_input));
        const fs::path theirs_input =
            fs::path{SHIMFUZZ_MBEDTLS_SOURCE} / "programs/fuzz/corpuses" / contest.theirs_input;
        std::vector<double> ours;
        std::vector<double> theirs;
        for (int round = 0; round < rounds; ++round) {
            ours.push_back(rate_of(build / "fuzz/hostile_bytes_fuzzer", input, folder.path()));
            theirs.push_back(
                rate_of(build / "bench" / contest.theirs, theirs_input, folder.path()));
        }
        rows.push_back(ratio_row(contest.name, median(ours), median(theirs), contest.floor));
    }
    const fs::path input = folder.path() / "session";
    write_encoded(input, session);
    std::vector<double> sessions;
    for (int round = 0; round < rounds; ++round) {
        sessions.push_back(rate_of(build / "fuzz/tls_stream_fuzzer", input, folder.path()));
    }
    const double rate = median(sessions);
    rows.push_back({{"what", "a session, 4 KiB each way"},
                    {"ours", rate},
                    {"floor", sessions_per_second_floor},
                    {"met", rate >= sessions_per_second_floor}});
    return rows;
}

nlohmann::json compare_searches(int rounds, double seconds) {
    const fs::path build = build_folder();
    Search ours;
    Search client;
    Search server;
    for (int round = 1; round <= rounds; ++round) {
        fmt::print(stderr, "search {} of {}: {:.0f} s each\n", round, rounds, seconds);
        // Ours plays both sides, so it gets the time of both of theirs.
        search_once(ours, build / "fuzz/hostile_bytes_fuzzer", 2 * seconds, round, {"--collect"});
        search_once(client, build / "bench/fuzz_client_mbedtls", seconds, round, {});
        search_once(server, build / "bench/fuzz_server_mbedtls", seconds, round, {});
    }
    const auto row = [](const char* what, const std::vector<double>& mine,
                        const std::vector<double>& others, double floor) {
        return ratio_row(what, median(mine), median(others), floor);
    };
    return nlohmann::json::array(
        {row("a search, beside fuzz_client", ours.rates, client.rates, 1.0),
         row("a search, beside fuzz_server", ours.rates, server.rates, 0.0),
         row("edges of ssl_*.c beside fuzz_client", ours.edges, client.edges, 1.0),
         row("edges of ssl_*.c beside fuzz_server", ours.edges, server.edges, 1.0)});
}

void print(const nlohmann::json& rows) {
    fmt::print("{:<40}{:>10}{:>10}{:>9}  {}\n", "what", "ours", "theirs", "ratio", "asked");
    for (const nlohmann::json& row : rows) {
        const bool has_rival = row.contains("theirs");
        fmt::print("{:<40}{:>10.0f}{:>10}{:>9}  >={:g} {}\n", row["what"].get<std::string>(),
                   row["ours"].get<double>(),
                   has_rival ? fmt::format("{:.0f}", row["theirs"].get<double>()) : "-",
                   has_rival ? fmt::format("{:.2f}", row["ratio"].get<double>()) : "-",
                   row["floor"].get<double>(), row["met"].get<bool>() ? "met" : "MISSED");
    }
}

}  // namespace

void measure_wire(int rounds, double seconds, const std::string& json_path) {
    const fs::path build = build_folder();
    for (const char* program : {"fuzz/hostile_bytes_fuzzer", "fuzz/tls_stream_fuzzer",
                                "bench/fuzz_client_mbedtls", "bench/fuzz_server_mbedtls"}) {
        if (!fs::exists(build / program)) {
            give_up(fmt::format("{}: is not built; mbedTLS's own need its source: ./dev setup",
                                (build / program).string()));
        }
    }
    nlohmann::json rows = compare_rates(rounds);
    const nlohmann::json searches = compare_searches(rounds, seconds);
    rows.insert(rows.end(), searches.begin(), searches.end());
    print(rows);
    if (!json_path.empty()) {
        write_whole(json_path, nlohmann::json{{"rounds", rounds}, {"rows", rows}}.dump(2) + "\n");
    }
}

}  // namespace shimfuzz::bench
