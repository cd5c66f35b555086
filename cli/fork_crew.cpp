// SPDX-License-Identifier: Apache-2.0

#include "cli/crew.hpp"
#include "cli/files.hpp"
#include "cli/libfuzzer.hpp"
#include "cli/usage_error.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <iterator>

namespace shimfuzz::cli {
namespace {

namespace fs = std::filesystem;

// In fork mode libFuzzer hands on its arguments through a shell, and quotes none of them.
void require_plain(const std::vector<std::string>& words) {
    for (const std::string& word : words) {
        const auto is_plain = [](char letter) {
            return std::isalnum(static_cast<unsigned char>(letter)) != 0 ||
                   std::string_view{"_./=+,:@%-"}.find(letter) != std::string_view::npos;
        };
        if (!std::ranges::all_of(word, is_plain)) {
            throw UsageError{
                "{}: libFuzzer's fork mode takes no such path; without --jobs, or with "
                "another folder, it is fine",
                word};
        }
    }
}

// libFuzzer in its fork mode: one process that starts others, each for a while and on a part of the
// corpus, and takes over what they have found when they end. Until then it is in a folder C<n> of a
// temporary folder of its own.
class ForkCrew : public Crew {
public:
    ForkCrew(const Pair& pair, const SearchSettings& settings, const fs::path& notes)
        : pair_{pair}, settings_{settings}, notes_{notes} {}

    void prepare(unsigned nth) override { make_folder(temporary(nth)); }

    [[nodiscard]] std::vector<std::vector<std::string>> commands(double seconds,
                                                                 unsigned nth) const override {
        std::vector<std::string> words =
            libfuzzer_command(pair_, settings_, seconds, settings_.seed + nth);
        words.insert(words.begin() + 1,
                     {fmt::format("-fork={}", settings_.processes), "-ignore_crashes=1",
                      "-ignore_timeouts=1", "-ignore_ooms=1", "--notes=" + notes_.string()});
        require_plain(words);
        return {words};
    }

    [[nodiscard]] std::vector<std::string> environment(unsigned nth) const override {
        return {asan_options(), "TMPDIR=" + temporary(nth).string()};
    }

    [[nodiscard]] std::vector<fs::path> deaths() const override {
        std::vector<fs::path> files;
        for (const std::string_view kind : {"crash-", "timeout-", "oom-"}) {
            std::ranges::move(entries_in(settings_.work, kind), std::back_inserter(files));
        }
        return files;
    }

    [[nodiscard]] std::vector<fs::path> finds() const override {
        std::vector<fs::path> files;
        for (const fs::path& temporary : entries_in(settings_.state)) {
            for (const fs::path& parent : entries_in(temporary)) {
                for (const fs::path& folder : entries_in(parent, "C")) {
                    std::ranges::move(entries_in(folder), std::back_inserter(files));
                }
            }
        }
        return files;
    }

    [[nodiscard]] bool fills_the_corpus() const override { return true; }

    // It tells in lines.
    [[nodiscard]] Effort effort() const override { return {}; }

private:
    [[nodiscard]] fs::path temporary(unsigned nth) const {
        return settings_.state / std::to_string(nth);
    }

    const Pair& pair_;
    const SearchSettings& settings_;
    const fs::path& notes_;
};

}  // namespace

std::unique_ptr<Crew> fork_crew(const Pair& pair, const SearchSettings& settings,
                                const fs::path& notes) {
    return std::make_unique<ForkCrew>(pair, settings, notes);
}

}  // namespace shimfuzz::cli
