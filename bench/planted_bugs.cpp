// SPDX-License-Identifier: Apache-2.0

#include "bench/planted_bugs.hpp"

#include "bench/fuzzer_run.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <fstream>
#include <string_view>

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

fs::path fuzz_program(const std::string& target, const std::string& subject) {
    return build_folder() / "fuzz" /
           (target + "_fuzzer" + (subject == "reference" ? "" : "_vs_" + subject));
}

}  // namespace

fs::path PlantedBug::program() const {
    return fuzz_program(target, name);
}

fs::path PlantedBug::control() const {
    return fuzz_program(target, made_of);
}

std::vector<PlantedBug> planted_bugs() {
    const fs::path path = build_folder() / "cli" / "manifest.json";
    std::ifstream file{path};
    const nlohmann::json manifest = nlohmann::json::parse(file, nullptr, false);
    if (!manifest.is_object() || !manifest.contains("mutants")) {
        give_up(fmt::format("{}: no manifest of ours; build again", path.string()));
    }
    std::vector<PlantedBug> bugs;
    for (const nlohmann::json& mutant : manifest["mutants"]) {
        bugs.push_back({.name = "mutant_" + mutant.at("name").get<std::string>(),
                        .target = mutant.at("target"),
                        .caught_by = mutant.at("caught_by"),
                        .made_of = "reference"});
    }
    for (const Interposed& one : interposed) {
        bugs.push_back({.name = std::string{one.subject},
                        .target = "lws_loop",
                        .caught_by = std::string{one.caught_by},
                        .made_of = std::string{one.made_of}});
    }
    return bugs;
}

}  // namespace shimfuzz::bench
