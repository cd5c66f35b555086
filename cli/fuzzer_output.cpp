// SPDX-License-Identifier: Apache-2.0

#include "cli/fuzzer_output.hpp"

#include "scenario/bytes.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>

namespace shimfuzz::cli {
namespace {

std::optional<std::uint64_t> number_at(std::string_view text) {
    text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return error == std::errc{} ? std::optional{number} : std::nullopt;
}

std::optional<std::string_view> after(std::string_view text, std::string_view mark) {
    const std::size_t found = text.find(mark);
    if (found == std::string_view::npos) {
        return std::nullopt;
    }
    return text.substr(found + mark.size());
}

std::vector<std::uint8_t> bytes_of_hex(std::string_view text) {
    std::vector<std::uint8_t> bytes;
    for (; text.size() >= 2; text.remove_prefix(2)) {
        std::uint8_t byte = 0;
        std::from_chars(text.data(), text.data() + 2, byte, 16);
        bytes.push_back(byte);
    }
    return bytes;
}

FuzzerLine read_event(std::string_view text) {
    const auto event = nlohmann::json::parse(text, nullptr, false);
    if (!event.is_object()) {
        return Remark{};  // cut off by the end of the process
    }
    if (event.at("event") == "end") {
        return Tally{.executions = event.at("executions"), .reach = event.at("reach")};
    }
    return NewSignature{.signature = event.at("signature"),
                        .executions = event.at("execution"),
                        .scenario =
                            scenario::decode(bytes_of_hex(event.at("bytes").get<std::string>()))};
}

FuzzerLine read_status(std::string_view line) {
    const std::optional<std::uint64_t> executions = number_at(line.substr(1));
    if (!executions.has_value()) {
        return Remark{};
    }
    const std::optional<std::string_view> edges = after(line, "cov: ");
    return SearchStatus{.executions = *executions,
                        .edges = edges.has_value() ? number_at(*edges) : std::nullopt};
}

// `47 new files with 208 new features added; 176 new coverage edges`
FuzzerLine read_gain(std::string_view text) {
    const std::optional<std::uint64_t> files = number_at(text);
    const std::optional<std::string_view> features = after(text, "new files with ");
    const std::optional<std::string_view> edges = after(text, "added; ");
    if (!files.has_value() || !features.has_value() || !edges.has_value()) {
        return Remark{};
    }
    return Gain{.files = *files,
                .features = number_at(*features).value_or(0),
                .edges = number_at(*edges).value_or(0)};
}

}  // namespace

FuzzerLine read_fuzzer_line(std::string_view line) {
    if (const auto event = after(line, "SHIMFUZZ ")) {
        return read_event(*event);
    }
    if (line.starts_with('#')) {
        return read_status(line);
    }
    if (const auto count = after(line, "stat::number_of_executed_units:")) {
        return SearchStatus{.executions = number_at(*count).value_or(0), .edges = std::nullopt};
    }
    if (const auto path = after(line, "Test unit written to ")) {
        return Artifact{std::string{*path}};
    }
    if (const auto gain = after(line, "MERGE-OUTER: ")) {
        return read_gain(*gain);
    }
    return Remark{};
}

}  // namespace shimfuzz::cli
