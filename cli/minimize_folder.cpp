// SPDX-License-Identifier: Apache-2.0

#include "cli/minimize_folder.hpp"

#include "cli/build.hpp"
#include "cli/exit_code.hpp"
#include "cli/files.hpp"
#include "cli/interrupt.hpp"
#include "cli/minimize_progress.hpp"
#include "cli/reduction.hpp"
#include "cli/scenario_file.hpp"
#include "cli/targets.hpp"
#include "cli/usage_error.hpp"
#include "scenario/shrink.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <utility>
#include <vector>

namespace shimfuzz::cli {
namespace {

namespace fs = std::filesystem;

struct Member {
    fs::path file;
    scenario::Document document;
};

// What all files of the folder come to, each of them in exactly one place.
struct Sorted {
    // By play, too: a witness says how it is played.
    std::map<std::pair<std::string, std::string>, std::vector<Member>> groups;
    std::vector<fs::path> upheld;
    std::vector<std::pair<fs::path, std::string>> unreadable;  // and why
    std::vector<fs::path> not_played;                          // interrupted before
};

std::string target_name(const scenario::Play& play) {
    const Target* target = target_of(play);
    return target != nullptr ? std::string{target->name} : "scenario";
}

Sorted sort_files(const std::vector<fs::path>& files, const std::string& target, Runner& runner) {
    Sorted sorted;
    for (const fs::path& file : files) {
        if (interrupted()) {
            sorted.not_played.push_back(file);
            continue;
        }
        try {
            const scenario::Document document = read_scenario(file, target);
            const std::optional<Shown> found = first_shown(runner, document, target);
            if (found.has_value()) {
                sorted.groups[{found->signature, target_name(document.play)}].push_back(
                    {.file = file, .document = found->document});
            } else {
                sorted.upheld.push_back(file);
            }
        } catch (const UsageError& error) {
            sorted.unreadable.emplace_back(file, error.what());
        }
    }
    return sorted;
}

// The simplest first: it is nearest to the end, and the others are duplicates of it.
void simplest_first(std::vector<Member>& members) {
    std::ranges::stable_sort(members, {}, [](const Member& member) {
        return scenario::weight(member.document.scenario);
    });
}

class Folder {
public:
    Folder(const MinimizeOptions& options, Runner& runner) : options_{options}, runner_{runner} {}

    void witness_of(const std::string& signature, const std::string& target,
                    std::vector<Member>& members) {
        simplest_first(members);
        const Member& simplest = members.front();
        fmt::print("{}\n", signature);
        if (interrupted()) {
            fmt::print("  not minimized: interrupted\n");
        } else {
            minimize_or_say_why_not(signature, target, simplest);
        }
        fmt::print("  from       {}, {} ops\n", shown(simplest.file),
                   simplest.document.scenario.ops.size());
        for (std::size_t i = 1; i < members.size(); ++i) {
            fmt::print("  duplicate  {}, {} ops\n", shown(members[i].file),
                       members[i].document.scenario.ops.size());
        }
        std::fflush(stdout);
    }

    // How many signatures are without a witness, though nobody interrupted.
    [[nodiscard]] std::size_t failed() const noexcept { return failed_; }

private:
    // What goes wrong with one signature is no reason to keep the others waiting.
    void minimize_or_say_why_not(const std::string& signature, const std::string& target,
                                 const Member& simplest) {
        try {
            minimize_one(signature, target, simplest);
        } catch (const UsageError& error) {
            MinimizeProgress::end();
            fmt::print("  no witness: {}\n", error.what());
            ++failed_;
        }
    }

    void minimize_one(const std::string& signature, const std::string& target,
                      const Member& simplest) {
        const Minimized minimized = reduce(
            runner_, simplest.document, signature,
            {.progress = MinimizeProgress{signature, options_.verbose}, .stop = interrupted});
        MinimizeProgress::end();
        const fs::path witness =
            fs::path{options_.out} / (target + "-" + slug(signature) + text_extension);
        write_file(witness,
                   witness_text(options_.subject, signature,
                                {.play = simplest.document.play, .scenario = minimized.scenario}));
        fmt::print("  witness    {}, {} ops{}\n", shown(witness), minimized.scenario.ops.size(),
                   minimized.complete ? "" : " (interrupted: there may be a simpler one)");
    }

    const MinimizeOptions& options_;
    Runner& runner_;
    std::size_t failed_ = 0;
};

void list_the_rest(const Sorted& sorted) {
    for (const fs::path& file : sorted.upheld) {
        fmt::print("upheld       {}\n", shown(file));
    }
    for (const auto& [file, reason] : sorted.unreadable) {
        fmt::print("no scenario  {}: {}\n", shown(file), reason);
    }
    for (const fs::path& file : sorted.not_played) {
        fmt::print("not played   {}\n", shown(file));
    }
}

}  // namespace

int minimize_folder(const MinimizeOptions& options) {
    if (options.out.empty()) {
        throw UsageError{"{}: is a folder: where its witnesses go is for --out to say",
                         options.file};
    }
    const Build build;
    const std::vector<fs::path> files = files_below(options.file, "");
    Runner runner{build.runner(options.subject)};
    if (!options.target.empty()) {
        static_cast<void>(find_target(options.target));
    }
    make_folder(options.out);
    require_writable(fs::path{options.out} / "witness");
    Sorted sorted = sort_files(files, options.target, runner);
    if (sorted.groups.empty() && !interrupted()) {
        list_the_rest(sorted);
        std::fflush(stdout);
        throw UsageError{"{}: none of its {} files violates anything on {}", options.file,
                         files.size(), options.subject};
    }
    Folder folder{options, runner};
    for (auto& [what, members] : sorted.groups) {
        folder.witness_of(what.first, what.second, members);
    }
    list_the_rest(sorted);
    std::fflush(stdout);
    fmt::print(stderr, "minimize: {}{} files, {} signatures\n",
               interrupted() ? "interrupted: " : "", files.size(), sorted.groups.size());
    if (folder.failed() > 0) {
        throw UsageError{"{}: {} of {} signatures are without a witness, see above", options.out,
                         folder.failed(), sorted.groups.size()};
    }
    return interrupted() ? exit_interrupted : exit_as_declared;
}

}  // namespace shimfuzz::cli
