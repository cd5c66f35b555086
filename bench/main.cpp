// SPDX-License-Identifier: Apache-2.0
//
// `./dev bench`: what is measured, by name.

#include "bench/detect.hpp"
#include "bench/fuzzer_run.hpp"
#include "bench/minimize.hpp"
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

void add_options(CLI::App& detect, bench::DetectSettings& settings, bool& quick) {
    CLI::Option* seeds =
        detect
            .add_option("--seeds", settings.seeds, "how many searches of each bug, of each engine")
            ->check(CLI::Range(1, repeats_max));
    detect.add_option("--afl-seeds", settings.afl_seeds, "how many of them AFL++ makes")
        ->check(CLI::Range(1, repeats_max));
    CLI::Option* time =
        detect.add_option("--time", settings.seconds, "processor seconds of each search, at most")
            ->check(CLI::Range(1.0, 86'400.0));
    detect.add_option("--jobs", settings.jobs, "how many searches at a time")
        ->check(CLI::Range(1, 256));
    detect.add_option("--engine", settings.engines, "only these");
    detect.add_option("--bug", settings.bugs, "only these");
    detect.add_option("--markdown", settings.markdown_path, "also write the tables to this file");
    detect.add_option("--plot", settings.plot_path, "also write a picture, SVG, to this file");
    detect.add_flag("--quick", quick, "two seeds and three seconds: within ten minutes")
        ->excludes(seeds)
        ->excludes(time);
}

// A glance at all of it. AFL++ takes seconds to get going, so it is asked once.
bench::DetectSettings quickly(bench::DetectSettings settings) {
    settings.seeds = 2;
    settings.afl_seeds = 1;
    settings.seconds = 3;
    return settings;
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app{"How fast the targets are, and how soon they find what was planted"};
    app.name("./dev bench");
    app.require_subcommand(1);
    std::string json_path;
    std::string target;
    int rounds = 5;
    CLI::App* speed = app.add_subcommand(
        "speed", "executions per second of each target, beside an empty target and others");
    speed->add_option("--rounds", rounds, "how many rounds the medians are taken over")
        ->check(CLI::Range(1, repeats_max));
    speed->add_option("--target", target, "measure this one only");
    bench::DetectSettings detect_settings;
    bool quick = false;
    CLI::App* detect = app.add_subcommand(
        "detect", "executions until each planted bug is detected, by us and by others");
    add_options(*detect, detect_settings, quick);
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
    for (CLI::App* verb : {speed, detect, wire, minimize}) {
        verb->add_option("--json", json_path, "also write the numbers to this file");
    }
    try {
        app.parse(argc, argv);
    } catch (const CLI::CallForHelp& help) {
        return app.exit(help);
    } catch (const CLI::ParseError& error) {
        bench::give_up(fmt::format(
            "{}; usage: ./dev bench speed [--rounds N] [--target NAME] "
            "[--json OUT], ./dev bench detect [--quick] [--seeds N] [--time S] [--engine E ...] "
            "[--bug B ...] [--jobs N] [--json OUT] [--markdown OUT] [--plot OUT], ./dev bench "
            "wire [--rounds N] [--time S] [--json OUT] or ./dev bench minimize "
            "[--time S] [--json OUT]",
            error.what()));
    }
    for (const std::string& path :
         {json_path, detect_settings.markdown_path, detect_settings.plot_path}) {
        if (!path.empty()) {
            require_folder_of(path);
        }
    }
    if (speed->parsed()) {
        bench::measure_speed(rounds, target, json_path);
    } else if (wire->parsed()) {
        bench::measure_wire(rounds, seconds, json_path);
    } else if (minimize->parsed()) {
        bench::measure_minimize(minimize_seconds, json_path);
    } else {
        detect_settings.json_path = json_path;
        bench::measure_detect(quick ? quickly(detect_settings) : detect_settings);
    }
    return 0;
}
