// SPDX-License-Identifier: Apache-2.0
//
// Plays scenarios on a subject through its runner, one runner process for many scenarios.
#pragma once

#include "cli/process.hpp"
#include "scenario/text.hpp"

#include <nlohmann/json.hpp>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace shimfuzz::cli {

// Seen is what a play showed.
struct Seen {
    std::optional<std::string> signature;  // none: all is upheld
    std::optional<std::size_t> op;         // where; none where that is not known
};

// How a scenario is played beyond what it says itself.
struct Circumstances {
    bool brief = false;               // only the verdict is wanted
    bool cells = false;               // with those that it has been in
    bool fresh = false;               // by a process that has played nothing else
    std::optional<int> processor_ms;  // how long it may take; none: as long as the runner gives
};

// Where one hang among many plays must not cost seconds. What still plays after this has taken
// twenty times as long as any scenario that ends.
inline constexpr int one_of_many_processor_ms = 200;

class Runner {
public:
    explicit Runner(const std::filesystem::path& program);

    // signature returns the signature of what `document` violates, or nothing if all is upheld.
    [[nodiscard]] std::optional<std::string> signature(const scenario::Document& document);

    // see returns what `document` violates and where.
    [[nodiscard]] Seen see(const scenario::Document& document,
                           const Circumstances& circumstances = {});

    // run returns the whole account of a play, as the runner's `play` prints it.
    [[nodiscard]] nlohmann::ordered_json run(const scenario::Document& document);

    // verdict_if_played returns the member `verdict` of a play that is one of many, or nothing
    // where the subject cannot be asked: a guard of the harness ended the play.
    [[nodiscard]] std::optional<nlohmann::ordered_json>
    verdict_if_played(const scenario::Document& document);

    // cells returns the cells that a play of `document` has been in (harness/cells.hpp).
    [[nodiscard]] std::vector<std::string> cells(const scenario::Document& document);

    // outcome returns the same without the rows of the trace.
    [[nodiscard]] nlohmann::ordered_json outcome(const scenario::Document& document);

    [[nodiscard]] const std::filesystem::path& program() const noexcept { return program_; }

private:
    // Throws UsageError if the runner gives no verdict: it does not run, or it says that the fault
    // is its own.
    [[nodiscard]] nlohmann::ordered_json ask(const scenario::Document& document, bool trace,
                                             const Circumstances& circumstances = {});

    // The same, but for what a guard ended: its verdict says so.
    [[nodiscard]] nlohmann::ordered_json hear_of(const scenario::Document& document, bool trace,
                                                 const Circumstances& circumstances);

    std::filesystem::path program_;
    Process process_;
};

// text_of returns `document` in text form.
[[nodiscard]] std::string text_of(const scenario::Document& document);

}  // namespace shimfuzz::cli
