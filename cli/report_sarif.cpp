// SPDX-License-Identifier: Apache-2.0
//
// The report in the Static Analysis Results Interchange Format, for tools that collect findings.

#include "cli/laws.hpp"
#include "cli/report_data.hpp"
#include "cli/subject_words.hpp"

#include <fmt/format.h>

#include <cctype>

namespace shimfuzz::cli {
namespace {

using nlohmann::ordered_json;

constexpr std::string_view sarif_schema =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

// The name under which the signature identifies a result from run to run.
constexpr std::string_view fingerprint = "shimfuzzSignature/v1";

std::string_view sarif_level(Standing standing) {
    switch (standing) {
    case Standing::violated:
        return "error";
    case Standing::known:
        return "warning";
    case Standing::deviates:
        return "note";
    }
    return "error";
}

// `path` as the reference that RFC 3986 makes of it.
std::string uri_of(std::string_view path) {
    std::string uri{path.starts_with('/') ? "file://" : ""};
    for (const char c : path) {
        const auto byte = static_cast<unsigned char>(c);
        const bool plain =
            std::isalnum(byte) != 0 || std::string_view{"-._~/"}.find(c) != std::string_view::npos;
        uri += plain ? std::string{c} : fmt::format("%{:02X}", byte);
    }
    return uri;
}

ordered_json sarif_rules() {
    ordered_json rules = ordered_json::array();
    for (const harness::InvariantDescription& law : harness::invariant_table()) {
        const bool is_api = law.level == harness::Level::api;
        rules.push_back({{"id", law.name},
                         {"shortDescription", {{"text", law.law}}},
                         {"help", {{"text", fmt::format("Source: {}.", law.origin)}}},
                         {"defaultConfiguration", {{"level", "error"}}},
                         {"properties",
                          {{"source", law.origin},
                           {"judged", is_api ? "at each call" : "where the loop sleeps"},
                           {"profiles", law.plausible_only ? "plausible" : "any"}}}});
    }
    return rules;
}

std::string sarif_message(const ReportedViolation& each) {
    std::string text = fmt::format("{} shows {}", each.subject, each.signature);
    if (each.finding.has_value()) {
        text += fmt::format(" (finding {}{}{})", *each.finding, each.what.empty() ? "" : ": ",
                            each.what);
    }
    return text + '.';
}

ordered_json sarif_location(const ReportedViolation& each) {
    ordered_json location = ordered_json::object();
    if (!each.witness.empty()) {
        location["physicalLocation"] = {{"artifactLocation", {{"uri", uri_of(each.witness)}}},
                                        {"region", {{"startLine", 1}}}};
    }
    location["logicalLocations"] =
        ordered_json::array({{{"name", each.subject},
                              {"fullyQualifiedName", title_of(each.subject)},
                              {"kind", "module"}}});
    return location;
}

ordered_json sarif_result(const ReportedViolation& each) {
    const harness::InvariantDescription* law = find_law(each.invariant);
    const bool is_new = each.standing == Standing::violated;
    ordered_json result{{"ruleId", each.invariant},
                        {"level", sarif_level(each.standing)},
                        {"message", {{"text", sarif_message(each)}}},
                        {"locations", ordered_json::array({sarif_location(each)})},
                        {"partialFingerprints",
                         {{fingerprint, fmt::format("{}: {}", each.subject, each.signature)}}},
                        {"baselineState", is_new ? "new" : "unchanged"},
                        {"properties",
                         {{"subject", each.subject},
                          {"signature", each.signature},
                          {"standing", spell(each.standing)},
                          {"seen", each.was_seen}}}};
    if (law != nullptr) {
        result["ruleIndex"] = law - harness::invariant_table().data();
    }
    if (each.finding.has_value()) {
        result["properties"]["finding"] = *each.finding;
    }
    return result;
}

}  // namespace

ordered_json report_sarif(const ReportData& data) {
    ordered_json results = ordered_json::array();
    for (const ReportedViolation& each : data.violations) {
        results.push_back(sarif_result(each));
    }
    ordered_json driver{{"name", "shimfuzz"}, {"rules", sarif_rules()}};
    ordered_json run{{"tool", {{"driver", std::move(driver)}}}, {"results", std::move(results)}};
    return {{"$schema", sarif_schema},
            {"version", "2.1.0"},
            {"runs", ordered_json::array({std::move(run)})}};
}

}  // namespace shimfuzz::cli
