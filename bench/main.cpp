// SPDX-License-Identifier: Apache-2.0
//
// `./dev bench`: what is measured, by name.

#include "bench/fuzzer_run.hpp"
#include "bench/minimize.hpp"
#include "bench/search.hpp"
#include "bench/speed.hpp"
#include "bench/wire.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <filesystem>
#include <string>

using namespace shimfuzz;

namespace {

constexpr int repeats_max = 1'000;

// Before anything is measured: it takes minutes.
void require_folder_of(const std::string& file) {
    const std::filesystem::path folder = std::filesystem::absolute(file).parent_path();
    if (!std::filesystem::is_directory(folder)) {
        bench::give_up(fmt::format("{}: there is no such folder", folder.string()));
    }
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app{"How fast the targets are, and how soon they find what was planted"};
    app.name("./dev bench");
    app.require_subcommand(1);
    std::string json_path;
    std::string target;
    int rounds = 5;
    int seeds = 5;
    CLI::App* speed = app.add_subcommand(
        "speed", "executions per second of each target, beside an empty target and others");
    speed->add_option("--rounds", rounds, "how many rounds the medians are taken over")
        ->check(CLI::Range(1, repeats_max));
    speed->add_option("--target", target, "measure this one only");
    CLI::App* search = app.add_subcommand(
        "search", "executions and seconds until each historical bug put back is found");
    search->add_option("--seeds", seeds, "how many seeds each is searched with")
        ->check(CLI::Range(1, repeats_max));
    double seconds = 60;
    CLI::App* wire = app.add_subcommand(
        "wire", "real mbedTLS under hostile bytes, beside mbedTLS's own fuzz programs");
    wire->add_option("--rounds", rounds, "how many rounds the medians are taken over")
        ->check(CLI::Range(1, repeats_max));
    wire->add_option("--time", seconds, "seconds of each search from nothing")
        ->check(CLI::Range(1.0, 3600.0));
    double minimize_seconds = 60;
    CLI::App* minimize =
        app.add_subcommand("minimize", "crashes made smaller by us, by libFuzzer and by afl-tmin");
    minimize->add_option("--time", minimize_seconds, "seconds that libFuzzer gets for each crash")
        ->check(CLI::Range(1.0, 3600.0));
    for (CLI::App* verb : {speed, search, wire, minimize}) {
        verb->add_option("--json", json_path, "also write the numbers to this file");
    }
    try {
        app.parse(argc, argv);
    } catch (const CLI::CallForHelp& help) {
        return app.exit(help);
    } catch (const CLI::ParseError& error) {
        bench::give_up(
            fmt::format("{}; usage: ./dev bench speed [--rounds N] [--target NAME] "
                        "[--json OUT], ./dev bench search [--seeds N] [--json OUT], ./dev bench "
                        "wire [--rounds N] [--time S] [--json OUT] or ./dev bench minimize "
                        "[--time S] [--json OUT]",
                        error.what()));
    }
    if (!json_path.empty()) {
        require_folder_of(json_path);
    }
    if (speed->parsed()) {
        bench::measure_speed(rounds, target, json_path);
    } else if (wire->parsed()) {
        bench::measure_wire(rounds, seconds, json_path);
    } else if (minimize->parsed()) {
        bench::measure_minimize(minimize_seconds, json_path);
    } else {
        bench::measure_search(seeds, json_path);
    }
    return 0;
}
