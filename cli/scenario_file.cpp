// SPDX-License-Identifier: Apache-2.0

#include "cli/scenario_file.hpp"

#include "cli/files.hpp"
#include "cli/targets.hpp"
#include "cli/usage_error.hpp"
#include "scenario/bytes.hpp"

namespace shimfuzz::cli {

bool is_text(const std::filesystem::path& path, std::string_view content) {
    return path.extension() == text_extension || scenario::looks_like_text(content);
}

scenario::Document parse_text(const std::filesystem::path& path, std::string_view content) {
    auto parsed = scenario::parse(content);
    if (const auto* error = std::get_if<scenario::ParseError>(&parsed)) {
        throw UsageError{"{}:{}: {}", path.string(), error->line, error->reason};
    }
    return std::get<scenario::Document>(std::move(parsed));
}

scenario::Scenario from_bytes(std::string_view content) {
    return scenario::decode(std::vector<std::uint8_t>{content.begin(), content.end()});
}

scenario::Document read_scenario(const std::filesystem::path& path, const std::string& target) {
    const std::string content = read_file(path);
    if (is_text(path, content)) {
        scenario::Document document = parse_text(path, content);
        document.play = target.empty() ? document.play : find_target(target).play;
        return document;
    }
    if (target.empty()) {
        throw UsageError{
            "{}:1: no text scenario (the first word is not 'setup'); as bytes it needs "
            "--target, one of: {}",
            path.string(), target_names()};
    }
    return {.play = find_target(target).play, .scenario = from_bytes(content)};
}

}  // namespace shimfuzz::cli
