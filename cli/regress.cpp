// SPDX-License-Identifier: Apache-2.0

#include "cli/build.hpp"
#include "cli/c_test.hpp"
#include "cli/exit_code.hpp"
#include "cli/files.hpp"
#include "cli/issue_text.hpp"
#include "cli/runner.hpp"
#include "cli/scenario_file.hpp"
#include "cli/usage_error.hpp"
#include "cli/verbs.hpp"
#include "cli/violation_words.hpp"

#include <fmt/format.h>

#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <sstream>

namespace shimfuzz::cli {
namespace {

namespace fs = std::filesystem;

// A name that a shell, a compiler and CMake take as it is.
std::string plain_name(const std::string& text) {
    std::string name;
    for (const char c : text) {
        const bool plain = std::isalnum(static_cast<unsigned char>(c)) != 0;
        name += plain ? c : '_';
    }
    return name;
}

// What an opening comment says, as one paragraph; empty where nothing does. The lines that name
// subjects and signature are not prose, nor is what a campaign writes above a witness.
std::string prose_in(const std::string& text) {
    std::string prose;
    std::istringstream lines{text};
    for (std::string line; std::getline(lines, line) && line.starts_with('#');) {
        const std::string_view words =
            std::string_view{line}.substr(std::min<std::size_t>(2, line.size()));
        const bool is_field = words.starts_with("Subject: ") || words.starts_with("Signature: ") ||
                              words.find(" shows here: ") != std::string_view::npos;
        if (!words.empty() && !is_field) {
            prose += (prose.empty() ? "" : " ") + std::string{words};
        }
    }
    return prose;
}

std::string prose_for(const Regression& it) {
    const ViolationWords words = words_for(it.run);
    const std::string about =
        it.finding.has_value()
            ? fmt::format("Finding {}: {}. ", it.finding->number, it.finding->what)
            : "";
    return fmt::format("{}Expected: {}. Observed: {}.", about, words.expected, words.observed);
}

void add_name(std::vector<std::string>& names, const std::string& name) {
    if (std::ranges::find(names, name) == names.end()) {
        names.push_back(name);
    }
}

// Plays on every subject. The first must violate something, and of the others is told whether they
// show the same.
void play_on(Regression& it, const Build& build, const RegressOptions& options) {
    for (const std::string& subject : options.subjects) {
        Runner runner{build.runner(subject)};
        const nlohmann::ordered_json run = runner.run(it.document);
        it.run = it.run.is_null() ? run : it.run;
        if (it.run.at("verdict").at("status") != "violated") {
            throw UsageError{"{}: {} upholds everything here, so there is nothing to regress to",
                             options.file, subject};
        }
        const bool shows =
            run.at("verdict").at("signature") == it.run.at("verdict").at("signature");
        add_name(shows ? it.shown_by : it.not_shown_by, run.at("subject").get<std::string>());
    }
}

Regression regression_from(const Build& build, const RegressOptions& options) {
    Regression it;
    it.document = read_scenario(options.file, options.target);
    it.name = plain_name(fs::path{options.file}.stem().string());
    it.mbedtls = build.mbedtls();
    play_on(it, build, options);
    const KnownFindings known = build.known_findings(it.shown_by.front(), options.baseline);
    if (const Declared* declared = known.find(signature_of(it))) {
        it.declared = *declared;
        it.finding = declared->in_baseline
                         ? std::nullopt
                         : find_finding(build.findings_document(), declared->finding);
    }
    const std::string content = read_file(options.file);
    it.prose = is_text(options.file, content) ? prose_in(content) : "";
    it.prose = it.prose.empty() ? prose_for(it) : it.prose;
    return it;
}

struct Output {
    fs::path path;
    std::string content;
};

// All files under other names beside their own, so that either all of them come to be there or,
// where the disk is full, none. What is not moved into place is gone in the end.
class Staged {
public:
    explicit Staged(const std::vector<Output>& outputs) {
        for (const Output& output : outputs) {
            const fs::path staged = fmt::format("{}.{}.new", output.path.string(), getpid());
            try {
                write_file(staged, output.content);
            } catch (const UsageError&) {
                remove();
                throw;
            }
            files_.push_back({staged, output.path});
        }
    }
    ~Staged() { remove(); }
    Staged(const Staged&) = delete;
    Staged& operator=(const Staged&) = delete;

    void move_into_place() const {
        for (const auto& [from, to] : files_) {
            std::error_code error;
            fs::rename(from, to, error);
            if (error) {
                throw UsageError{"{}: cannot be written: {}", to.string(), error.message()};
            }
        }
    }

private:
    void remove() const {
        for (const auto& [from, to] : files_) {
            std::error_code ignored;  // what is in place is not there any more
            fs::remove(from, ignored);
        }
    }

    std::vector<std::pair<fs::path, fs::path>> files_;
};

void write_all(const std::vector<Output>& outputs, bool force) {
    for (const Output& output : outputs) {
        if (!force && fs::exists(fs::symlink_status(output.path))) {
            throw UsageError{"{}: is there already; --force overwrites it", output.path.string()};
        }
        if (fs::is_directory(output.path)) {
            throw UsageError{"{}: is a folder", output.path.string()};
        }
    }
    const Staged staged{outputs};
    staged.move_into_place();
}

}  // namespace

int regress(const RegressOptions& options) {
    const Build build;
    const Regression it = regression_from(build, options);
    const std::string objection = objection_to_c_test(it);
    if (!objection.empty() && !options.without_test) {
        throw UsageError{"{}: no C test can say this: {}; --without-test writes the rest",
                         options.file, objection};
    }
    const bool with_test = !options.without_test;
    const fs::path base = fs::path{options.out} / it.name;
    const auto named = [&](std::string_view ending) {
        return fs::path{base.string() + std::string{ending}};
    };
    std::vector<Output> outputs{{named(text_extension), corpus_entry(it)},
                                {named(".md"), issue_text(it, with_test)}};
    if (with_test) {
        outputs.push_back({named(".c"), c_test(it)});
    }
    make_folder(options.out);
    write_all(outputs, options.force);
    for (const Output& output : outputs) {
        fmt::print("{}\n", shown(output.path));
    }
    return exit_as_declared;
}

}  // namespace shimfuzz::cli
