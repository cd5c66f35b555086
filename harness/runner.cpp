// SPDX-License-Identifier: Apache-2.0

#include "harness/runner.hpp"

#include "harness/player.hpp"
#include "harness/proof_runner.hpp"
#include "shim/subject.h"

#include <csignal>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>
#include <string_view>

namespace shimfuzz::harness {
namespace {

using nlohmann::ordered_json;

constexpr int exit_usage = 2;

int usage() {
    std::fprintf(stderr, "usage: shimfuzz-run-%s play [--here] FILE | serve | prove\n",
                 subject_name());
    return exit_usage;
}

std::string read_all(std::istream& in) {
    return {std::istreambuf_iterator<char>{in}, {}};
}

ordered_json play_in_this_process(const Request& request) {
    Trace trace;
    return play_request(request, trace);
}

int play(const std::string& path, bool here) {
    std::ifstream file;
    if (path != "-") {
        file.open(path, std::ios::binary);
        if (!file) {
            std::fprintf(stderr, "%s: cannot be read\n", path.c_str());
            return exit_usage;
        }
    }
    const auto parsed = scenario::parse(read_all(path == "-" ? std::cin : file));
    if (const auto* error = std::get_if<scenario::ParseError>(&parsed)) {
        std::fprintf(stderr, "%s:%zu: %s\n", path.c_str(), error->line, error->reason.c_str());
        return exit_usage;
    }
    const Request request{.document = std::get<scenario::Document>(parsed), .trace = true};
    if (const auto reason = why_not_played(request.document)) {
        std::fprintf(stderr, "%s: %s\n", path.c_str(), reason->c_str());
        return exit_usage;
    }
    const ordered_json run =
        here ? play_in_this_process(request) : ordered_json::parse(Player{}.play(request));
    std::cout << run.dump(2) << '\n';
    return 0;
}

int serve() {
    // Who interrupts a search at a terminal interrupts all of its processes, and what the search
    // has come to must not be lost with us.
    std::signal(SIGINT, SIG_IGN);
    std::signal(SIGTERM, SIG_IGN);
    Player player;
    for (std::string line; std::getline(std::cin, line);) {
        const auto request = parse_request(line);
        if (const auto* reason = std::get_if<std::string>(&request)) {
            std::cout << ordered_json{{"error", *reason}}.dump() << std::endl;
        } else {
            std::cout << player.play(std::get<Request>(request)) << std::endl;
        }
    }
    return 0;
}

}  // namespace

int run_runner(std::span<char*> arguments) {
    // A player that is gone shows when its answer is read, not by a signal.
    std::signal(SIGPIPE, SIG_IGN);
    const std::string_view verb = arguments.size() > 1 ? arguments[1] : "";
    if (verb == "serve" && arguments.size() == 2) {
        return serve();
    }
    if (verb == "play" && arguments.size() == 3) {
        return play(arguments[2], false);
    }
    if (verb == "play" && arguments.size() == 4 && std::string_view{arguments[2]} == "--here") {
        return play(arguments[3], true);
    }
    if (verb == "prove" && arguments.size() == 2) {
        return prove_as_asked();
    }
    return usage();
}

}  // namespace shimfuzz::harness
