// SPDX-License-Identifier: Apache-2.0

#include "cli/exit_code.hpp"
#include "cli/files.hpp"
#include "cli/report_data.hpp"
#include "cli/usage_error.hpp"
#include "cli/verbs.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace shimfuzz::cli {
namespace {

struct ReportFormat {
    std::string name;
    std::string (*text)(const ReportData&);
};

const std::vector<ReportFormat>& all_formats() {
    static const std::vector<ReportFormat> formats{
        {"markdown", report_markdown},
        {"html", report_html},
        {"sarif", [](const ReportData& data) { return report_sarif(data).dump(2) + '\n'; }}};
    return formats;
}

}  // namespace

const std::vector<std::string>& report_formats() {
    static const std::vector<std::string> names = [] {
        std::vector<std::string> all;
        for (const ReportFormat& format : all_formats()) {
            all.push_back(format.name);
        }
        return all;
    }();
    return names;
}

int report(const ReportOptions& options) {
    const auto format = std::ranges::find(all_formats(), options.format, &ReportFormat::name);
    if (format == all_formats().end()) {
        throw UsageError{"there is no format '{}'; there are: {}", options.format,
                         fmt::join(report_formats(), ", ")};
    }
    if (options.results.empty() && !options.declared) {
        throw UsageError{"report needs the RESULTS of a campaign, or --declared"};
    }
    const Build build;
    ReportData data;
    if (!options.results.empty()) {
        add_campaign(data, options.results);
    }
    if (options.declared) {
        add_declared(data, build);
    }
    finish(data, build);
    const std::string text = format->text(data);
    if (options.out.empty()) {
        fmt::print("{}", text);
    } else {
        write_file(options.out, text);
    }
    return exit_as_declared;
}

}  // namespace shimfuzz::cli
