// SPDX-License-Identifier: Apache-2.0

#include "cli/build.hpp"
#include "cli/coverage_areas.hpp"
#include "cli/exit_code.hpp"
#include "cli/files.hpp"
#include "cli/line_counter.hpp"
#include "cli/reduction.hpp"
#include "cli/scenario_file.hpp"
#include "cli/table.hpp"
#include "cli/targets.hpp"
#include "cli/usage_error.hpp"
#include "cli/verbs.hpp"
#include "scenario/bytes.hpp"

#include <fmt/format.h>

#include <unistd.h>

#include <algorithm>
#include <array>
#include <memory>
#include <set>
#include <sstream>

namespace shimfuzz::cli {
namespace {

namespace fs = std::filesystem;

// What is played besides the seeds may be made for another subject, and go round for ever on this.
constexpr const char* stranger_seconds_max = "20";

// A program, and what it has run.
struct Played {
    const Fuzzer* fuzzer = nullptr;
    std::unique_ptr<LineCounter> counter;
    LineCoverage coverage;
};

// One scenario of corpus/regressions or corpus/witnesses.
struct Memory {
    fs::path path;
    scenario::Document document;
    std::set<std::string> subjects;  // that it says it is about
};

// Plays the committed corpus: the seeds of each target with each of its programs, and what is
// remembered of violations with those of the reference and of the subjects that it is about.
class CorpusPlay {
public:
    explicit CorpusPlay(const Build& build) : build_{build} {
        for (const auto* fuzzers : {&build.fuzzers(), &build.fuzzers_about_us()}) {
            for (const Fuzzer& fuzzer : *fuzzers) {
                if (fs::exists(fuzzer.program) && build.mutant(fuzzer.subject) == nullptr) {
                    add(fuzzer);
                }
            }
        }
        if (all_.empty()) {
            throw UsageError{"nothing to play: build the targets fuzz_counted and shimfuzz_corpus"};
        }
        read_memories("regressions");
        read_memories("witnesses");
    }

    // play plays everything and counts.
    void play() {
        for (Played& played : all_) {
            play_seeds(played);
            play_memories(played);
            played.coverage = played.counter->coverage(played.fuzzer->program);
        }
        play_with_tool();
    }

    [[nodiscard]] const std::vector<Played>& all() const noexcept { return all_; }

    // run_tests runs the unit tests that were built, and counts.
    void run_tests();

    // by_tool returns what this tool and the runners have run, by_tests what the unit tests have.
    [[nodiscard]] const LineCoverage& by_tool() const noexcept { return by_tool_; }
    [[nodiscard]] const LineCoverage& by_tests() const noexcept { return by_tests_; }

    // sum returns what was run by programs of `subject`, or of any if that is empty, for `target`,
    // likewise.
    [[nodiscard]] LineCoverage sum(std::string_view subject, std::string_view target) const {
        LineCoverage coverage;
        for (const Played& played : all_) {
            if ((subject.empty() || played.fuzzer->subject == subject) &&
                (target.empty() || played.fuzzer->target == target)) {
                cli::add(coverage, played.coverage);
            }
        }
        return coverage;
    }

private:
    [[nodiscard]] fs::path profiles() const { return build_.folder() / "profiles"; }

    void add(const Fuzzer& fuzzer) {
        all_.push_back(
            {.fuzzer = &fuzzer,
             .counter = std::make_unique<LineCounter>(profiles() / fuzzer.program.filename()),
             .coverage = {}});
    }

    void read_memories(const std::string& folder);
    void play_seeds(const Played& played) const;
    void play_memories(const Played& played) const;
    void play_with_tool();

    const Build& build_;
    std::vector<Played> all_;
    std::vector<Memory> memories_;
    LineCoverage by_tool_;
    LineCoverage by_tests_;
};

void CorpusPlay::read_memories(const std::string& folder) {
    for (const fs::path& path : files_below(build_.source() / "corpus" / folder, text_extension)) {
        Memory memory{.path = path, .document = read_scenario(path, ""), .subjects = {"reference"}};
        std::istringstream lines{read_file(path)};
        for (std::string line; std::getline(lines, line);) {
            constexpr std::string_view mark = "# Subject: ";
            if (line.starts_with(mark)) {
                std::istringstream names{line.substr(mark.size())};
                for (std::string name; names >> name;) {
                    memory.subjects.insert(name);
                }
            }
        }
        memories_.push_back(std::move(memory));
    }
}

void CorpusPlay::play_seeds(const Played& played) const {
    const fs::path seeds = build_.folder() / "corpus" / played.fuzzer->target;
    const int status =
        played.counter->run({played.fuzzer->program.string(), "-runs=0", seeds.string()});
    if (status != 0) {
        throw UsageError{"{} ended with {} on {}: see what ctest -L replay says",
                         shown(played.fuzzer->program), status, shown(seeds)};
    }
}

// How these end says nothing: what a memory shows is a test of its own.
void CorpusPlay::play_memories(const Played& played) const {
    const ScratchFolder scratch{build_.folder() / "campaign"};
    for (const Memory& memory : memories_) {
        const Target* target = target_of(memory.document.play);
        if (target == nullptr || target->name != played.fuzzer->target ||
            !memory.subjects.contains(played.fuzzer->subject)) {
            continue;
        }
        const std::vector<std::uint8_t> bytes = scenario::encode(memory.document.scenario);
        const fs::path file = scratch.path() / "input";
        write_file(file, {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
        played.counter->run({"/usr/bin/timeout", stranger_seconds_max,
                             played.fuzzer->program.string(), "--collect", file.string()});
    }
}

// The same scenarios as text, through this tool and the runners: read, checked, and where they show
// something explained and minimized.
void CorpusPlay::play_with_tool() {
    const LineCounter counter{profiles() / "tool"};
    const fs::path tool = build_.folder() / "cli" / "shimfuzz";
    const ScratchFolder scratch{build_.folder() / "campaign"};
    std::set<fs::path> programs{tool};
    for (const Played& played : all_) {
        const Fuzzer& fuzzer = *played.fuzzer;
        const fs::path runner = build_.folder() / "runners" / ("shimfuzz-run-" + fuzzer.subject);
        if (!fuzzer.about_us && fs::exists(runner)) {
            programs.insert(runner);
            const fs::path seeds = build_.source() / "corpus" / fuzzer.target;
            counter.run({tool.string(), "check", seeds.string(), "--target", fuzzer.target,
                         "--subject", fuzzer.subject});
        }
    }
    for (const Memory& memory : memories_) {
        for (const std::string& subject : memory.subjects) {
            const fs::path runner = build_.folder() / "runners" / ("shimfuzz-run-" + subject);
            if (programs.contains(runner)) {
                const std::string file = memory.path.string();
                counter.run({"/usr/bin/timeout", stranger_seconds_max, runner.string(), "play",
                             "--here", file});
                counter.run({tool.string(), "explain", file, "--subject", subject, "--json"});
                counter.run({tool.string(), "minimize", file, "--subject", subject, "--out",
                             (scratch.path() / "witness").string()});
            }
        }
    }
    for (const fs::path& program : programs) {
        cli::add(by_tool_, counter.coverage(program));
    }
}

// That they pass is ctest's business.
void CorpusPlay::run_tests() {
    const LineCounter counter{profiles() / "tests"};
    std::vector<fs::path> programs = entries_in(build_.folder() / "tests");
    std::erase_if(programs, [](const fs::path& path) {
        return path.filename().string().find("_test") == std::string::npos ||
               !fs::is_regular_file(path) || access(path.c_str(), X_OK) != 0;
    });
    if (programs.empty()) {
        throw UsageError{"no tests: build the target tests_counted"};
    }
    for (const fs::path& program : programs) {
        counter.run({program.string()});
    }
    for (const fs::path& program : programs) {
        cli::add(by_tests_, counter.coverage(program));
    }
}

// ---- what is told ----

std::string percent(const Ratio& ratio) {
    return ratio.lines == 0 ? "-" : fmt::format("{:.1f}", ratio.percent());
}

bool is_ours(const Area& area) {
    return area.subject.empty() || area.subject == "reference";
}

// How much of `area` was run: by the fuzz binaries, then by the tool too, then by the tests too.
std::array<Ratio, 3> ratios(const Area& area, const CorpusPlay& play) {
    LineCoverage coverage = play.sum(area.subject, "");
    std::array<Ratio, 3> ratios{area.ratio(coverage), {}, {}};
    if (is_ours(area)) {
        add(coverage, play.by_tool());
        ratios[1] = area.ratio(coverage);
        add(coverage, play.by_tests());
        ratios[2] = area.ratio(coverage);
    }
    return ratios;
}

// By whom as much was run as is asked.
std::string met_by(const std::array<Ratio, 3>& ratios, int asked) {
    constexpr std::array<const char*, 3> names{"met", "met with the tool", "met with the tests"};
    for (std::size_t i = 0; i < ratios.size(); ++i) {
        if (ratios[i].percent() >= asked) {
            return names[i];
        }
    }
    return "MISSED";
}

// The areas, with what is reached of them; false if that is less than asked.
bool print_areas(const std::vector<Area>& areas, const CorpusPlay& play) {
    Table table{{{"part"},
                 {"lines", Align::right},
                 {"run", Align::right},
                 {"%", Align::right},
                 {"with the tool", Align::right},
                 {"with the tests", Align::right},
                 {"asked", Align::right},
                 {""}}};
    bool all_met = true;
    for (const Area& area : areas) {
        const std::array<Ratio, 3> run = ratios(area, play);
        const bool has_tests = !play.by_tests().empty();
        const std::string met = area.asked.has_value() ? met_by(run, *area.asked) : "";
        all_met = all_met && met != "MISSED";
        table.add({area.title, std::to_string(run[0].lines), std::to_string(run[0].run),
                   percent(run[0]), percent(run[1]), has_tests ? percent(run[2]) : "-",
                   area.asked.has_value() ? std::to_string(*area.asked) : "", met});
    }
    fmt::print("\n{}", table.print());
    for (const Area& area : areas) {
        if (!area.left_out.empty()) {
            fmt::print("\n{}: without {}: {}\n", area.title, fmt::join(area.left_out, ", "),
                       area.why);
        }
    }
    return all_met;
}

// What each target alone reaches.
void print_targets(const std::vector<Area>& areas, const CorpusPlay& play) {
    std::vector<Column> columns{{"target"}};
    std::vector<const Area*> shown_areas;
    for (const Area& area : areas) {
        if (area.asked.has_value()) {
            columns.push_back({area.title, Align::right});
            shown_areas.push_back(&area);
        }
    }
    Table table{columns};
    std::set<std::string> targets;
    for (const Played& played : play.all()) {
        targets.insert(played.fuzzer->target);
    }
    for (const std::string& target : targets) {
        std::vector<std::string> cells{target};
        for (const Area* area : shown_areas) {
            cells.push_back(percent(area->ratio(play.sum(area->subject, target))));
        }
        table.add(cells);
    }
    fmt::print("\n{}", table.print());
}

// `12-15 20`: the lines of `area` in `file` that nothing runs.
std::string lines_not_run(const Area& area, const FileCoverage& file) {
    std::string text;
    std::size_t first = 0;
    std::size_t last = 0;
    const auto end_range = [&] {
        if (first != 0) {
            text += first == last ? fmt::format(" {}", first) : fmt::format(" {}-{}", first, last);
        }
        first = 0;
    };
    for (const auto& [line, run] : file.lines) {
        if (run || !area.holds_function(file.function_at(line))) {
            end_range();
            continue;
        }
        first = first == 0 ? line : first;
        last = line;
    }
    end_range();
    return text;
}

// What a person calls the file at `path`.
std::string short_path(const std::string& path, const fs::path& source) {
    return path.starts_with(source.string() + "/") ? fs::relative(path, source).string()
                                                   : path.substr(path.find("/lib/") + 1);
}

std::string functions_not_run(const Area& area, const FileCoverage& file) {
    std::string text;
    for (const auto& [line, function] : file.functions) {
        if (!function.run && area.holds_function(function.name)) {
            text += fmt::format("    {} {}\n", line, function.name);
        }
    }
    return text;
}

// What nothing runs, neither the tool nor the tests: lines, and the functions that are not even
// begun.
void print_not_run(const std::vector<Area>& areas, const CorpusPlay& play, const fs::path& source) {
    for (const Area& area : areas) {
        LineCoverage coverage = play.sum(area.subject, "");
        if (is_ours(area)) {
            add(coverage, play.by_tool());
            add(coverage, play.by_tests());
        }
        std::string text;
        for (const auto& [path, file] : coverage) {
            const std::string lines = area.holds(path) ? lines_not_run(area, file) : "";
            if (!lines.empty()) {
                text += fmt::format("  {}:{}\n{}", short_path(path, source), lines,
                                    functions_not_run(area, file));
            }
        }
        if (!text.empty()) {
            fmt::print("\n{}: lines that are not run, and functions that are not begun\n\n{}",
                       area.title, text);
        }
    }
}

void write_all_pages(const Build& build, const CorpusPlay& play) {
    std::map<std::string, std::vector<const Played*>> by_subject;
    for (const Played& played : play.all()) {
        by_subject[played.fuzzer->subject].push_back(&played);
    }
    const fs::path folder = build.folder() / "pages";
    for (const auto& [subject, programs] : by_subject) {
        std::vector<fs::path> profiles;
        std::vector<fs::path> paths;
        for (const Played* played : programs) {
            profiles.push_back(played->counter->profile());
            paths.push_back(played->fuzzer->program);
        }
        write_pages(folder / subject, profiles, paths, "^/usr/|/lib/(misc|system|secure-streams)/");
    }
    fmt::print("\nline by line, for each subject: {}/<subject>/index.html\n", shown(folder));
}

}  // namespace

int coverage(const CoverageOptions& options) {
    const Build build;
    if (!build.counts_lines()) {
        throw UsageError{"the programs of this build count no lines: ./dev coverage"};
    }
    CorpusPlay play{build};
    play.play();
    if (options.tests) {
        play.run_tests();
    }
    const std::vector<Area> areas = coverage_areas(build.source());
    const bool all_met = print_areas(areas, play);
    print_targets(areas, play);
    if (!options.brief) {
        print_not_run(areas, play, build.source());
        write_all_pages(build, play);
    }
    return all_met ? exit_as_declared : exit_violated;
}

}  // namespace shimfuzz::cli
