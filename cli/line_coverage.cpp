// SPDX-License-Identifier: Apache-2.0

#include "cli/line_coverage.hpp"

#include <cxxabi.h>

#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <memory>

namespace shimfuzz::cli {
namespace {

std::size_t number_in(std::string_view text) {
    std::size_t number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
}

// `shimfuzz::harness::(anonymous namespace)::print(int)` is `harness::print`.
std::string without_arguments(std::string name) {
    for (const std::string_view noise : {"(anonymous namespace)::", "shimfuzz::"}) {
        for (std::size_t at = name.find(noise); at != std::string::npos; at = name.find(noise)) {
            name.erase(at, noise.size());
        }
    }
    return name.substr(0, name.find('('));
}

// What a person calls the function `name`. That of a function of one file is `<file>:<name>`.
std::string readable(std::string_view name) {
    const std::string linked{name.substr(name.rfind(':') + 1)};
    int status = 0;
    const std::unique_ptr<char, decltype(&std::free)> demangled{
        abi::__cxa_demangle(linked.c_str(), nullptr, nullptr, &status), &std::free};
    return demangled != nullptr ? without_arguments(demangled.get()) : linked;
}

// Reads the lines of a report one by one; `FN`, `FNDA` and `DA` are what is said of a file.
class LcovReader {
public:
    explicit LcovReader(LineCoverage& coverage) : coverage_{coverage} {}

    void read(std::string_view line) {
        const std::size_t colon = line.find(':');
        if (colon == std::string_view::npos) {
            return;
        }
        const std::string_view kind = line.substr(0, colon);
        const std::string_view rest = line.substr(colon + 1);
        if (kind == "SF") {
            // A compiler cache names files relative to where it compiles.
            file_ = &coverage_[std::filesystem::path{rest}.lexically_normal().string()];
            begins_.clear();
        } else if (file_ != nullptr) {
            read_about_file(kind, rest);
        }
    }

private:
    void read_about_file(std::string_view kind, std::string_view rest) {
        const std::size_t comma = rest.find(',');
        const std::string_view first = rest.substr(0, comma);
        const std::string_view second =
            comma == std::string_view::npos ? "" : rest.substr(comma + 1);
        if (kind == "FN") {
            // Of templates and of code that is compiled twice there are several: one is enough.
            const std::size_t line = number_in(first);
            file_->functions.try_emplace(line, FunctionLine{.name = readable(second)});
            begins_[std::string{second}] = line;
        } else if (kind == "FNDA") {
            const auto begin = begins_.find(std::string{second});
            if (begin != begins_.end() && first != "0") {
                file_->functions[begin->second].run = true;
            }
        } else if (kind == "DA") {
            bool& run = file_->lines[number_in(first)];
            run = run || second != "0";
        }
    }

    LineCoverage& coverage_;
    FileCoverage* file_ = nullptr;
    std::map<std::string, std::size_t> begins_;  // where the functions of the file begin
};

}  // namespace

std::string_view FileCoverage::function_at(std::size_t line) const {
    const auto next = functions.upper_bound(line);
    return next == functions.begin() ? "" : std::string_view{std::prev(next)->second.name};
}

Ratio FileCoverage::ratio_of(const std::function<bool(std::string_view)>& is_meant) const {
    Ratio ratio;
    for (const auto& [line, run] : lines) {
        const bool meant = is_meant == nullptr || is_meant(function_at(line));
        ratio.lines += meant ? 1 : 0;
        ratio.run += meant && run ? 1 : 0;
    }
    return ratio;
}

void add_lcov(LineCoverage& coverage, std::string_view text) {
    LcovReader reader{coverage};
    while (!text.empty()) {
        const std::size_t end = text.find('\n');
        reader.read(text.substr(0, end));
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    }
}

void add(LineCoverage& coverage, const LineCoverage& more) {
    for (const auto& [path, file] : more) {
        FileCoverage& sum = coverage[path];
        for (const auto& [line, run] : file.lines) {
            sum.lines[line] = sum.lines[line] || run;
        }
        for (const auto& [line, function] : file.functions) {
            FunctionLine& same = sum.functions.try_emplace(line, function).first->second;
            same.run = same.run || function.run;
        }
    }
}

}  // namespace shimfuzz::cli
