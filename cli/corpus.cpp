// SPDX-License-Identifier: Apache-2.0
//
// corpus: what a folder of inputs holds, what another one has besides, and how few of them reach as
// much.
//
// What an input reaches is the engine's to say (libFuzzer's -merge and -set_cover_merge); this says
// which folder is which target's, and sees to it that nothing is lost on the way: whatever is new
// is written elsewhere and put in place by a rename.

#include "cli/build.hpp"
#include "cli/corpus_folder.hpp"
#include "cli/exit_code.hpp"
#include "cli/files.hpp"
#include "cli/fuzzer_output.hpp"
#include "cli/inputs.hpp"
#include "cli/last_lines.hpp"
#include "cli/process.hpp"
#include "cli/scenario_file.hpp"
#include "cli/table.hpp"
#include "cli/targets.hpp"
#include "cli/usage_error.hpp"
#include "cli/verbs.hpp"
#include "scenario/bytes.hpp"
#include "scenario/op_table.hpp"

#include <fmt/format.h>

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <optional>
#include <set>

namespace shimfuzz::cli {
namespace {

namespace fs = std::filesystem;

// The inputs of one target in one folder.
struct Pool {
    const Target* target = nullptr;
    const Fuzzer* fuzzer = nullptr;  // that is asked what they reach
    fs::path folder;

    // By what its rows are called: the folder's own subject, or whichever is asked.
    [[nodiscard]] std::string subject() const { return fuzzer->subject; }
};

// The folders below one that a person names, as cli/corpus_folder.hpp says they lie.
class PoolFinder {
public:
    PoolFinder(const Build& build, const CorpusOptions& options)
        : build_{build}, options_{options} {
        static_cast<void>(build.engine("libfuzzer"));
        if (!options.target.empty()) {
            static_cast<void>(find_target(options.target));
        }
        if (!options.subject.empty()) {
            build.require_subject(options.subject);
        }
    }

    // find returns the pools in `folder`, or throws UsageError if there is none.
    [[nodiscard]] std::vector<Pool> find(const fs::path& folder) const {
        if (!fs::is_directory(folder)) {
            throw UsageError{"{}: there is no such folder", folder.string()};
        }
        std::vector<Pool> pools;
        if (!options_.target.empty()) {
            pools.push_back(pool(options_.target, options_.subject, folder));
            return pools;
        }
        for (const Target& target : target_table()) {
            add_pools_of(std::string{target.name}, folder / target.name, pools);
        }
        if (pools.empty()) {
            throw UsageError{"{}: no folder there is called like a target; whose inputs are they? "
                             "--target takes: {}",
                             folder.string(), target_names()};
        }
        return pools;
    }

private:
    void add_pools_of(const std::string& target, const fs::path& folder,
                      std::vector<Pool>& pools) const {
        bool by_subject = false;
        for (const fs::path& entry : entries_in(folder)) {
            const std::string subject = entry.filename();
            if (fs::is_directory(entry) && !subject.starts_with('.')) {
                by_subject = true;
                if (options_.subject.empty() || options_.subject == subject) {
                    pools.push_back(pool(target, subject, entry));
                }
            }
        }
        if (!by_subject && fs::is_directory(folder)) {
            pools.push_back(pool(target, options_.subject, folder));
        }
    }

    // Whom to ask if nobody is named: the reference, or the first that there is.
    [[nodiscard]] Pool pool(const std::string& target, const std::string& subject,
                            const fs::path& folder) const {
        const Fuzzer* asked = nullptr;
        for (const Fuzzer& fuzzer : build_.fuzzers()) {
            const bool fits = subject.empty() ? build_.mutant(fuzzer.subject) == nullptr
                                              : fuzzer.subject == subject;
            if (fuzzer.target == target && fits &&
                (asked == nullptr || fuzzer.subject == "reference")) {
                asked = &fuzzer;
            }
        }
        if (asked == nullptr) {
            throw UsageError{"{}: no fuzz binary asks {} of {}", folder.string(), target,
                             subject.empty() ? "any subject" : subject};
        }
        if (!fs::exists(asked->program)) {
            throw UsageError{"{}: not built yet: build the target {}", asked->program.string(),
                             asked->program.filename().string()};
        }
        return {.target = &find_target(target), .fuzzer = asked, .folder = folder};
    }

    const Build& build_;
    const CorpusOptions& options_;
};

// ---- inputs ----

bool is_hidden(const fs::path& file) {
    return file.filename().string().starts_with('.');
}

std::vector<fs::path> inputs_in(const fs::path& folder) {
    std::vector<fs::path> files = files_below(folder, "");
    std::erase_if(files, is_hidden);
    return files;
}

// The input in `file` as bytes, which a person's text is turned into.
std::string bytes_of(const Pool& pool, const fs::path& file) {
    const std::string content = read_file(file);
    if (!is_text(file, content)) {
        return content;
    }
    const scenario::Document document = parse_text(file, content);
    if (document.play != pool.target->play) {
        throw UsageError{"{}:1: is not meant for {}: its setup line says to play it differently",
                         file.string(), pool.target->name};
    }
    const std::vector<std::uint8_t> bytes = scenario::encode(document.scenario);
    return {bytes.begin(), bytes.end()};
}

// Puts all inputs of `pool` into `folder`, as bytes.
void copy_inputs(const Pool& pool, const fs::path& folder) {
    make_folder(folder);
    for (const fs::path& file : inputs_in(pool.folder)) {
        keep_input(folder, bytes_of(pool, file));
    }
}

// Folders that hold text are a person's: no machine takes anything from them or adds to them.
void require_bytes(const Pool& pool) {
    for (const fs::path& file : inputs_in(pool.folder)) {
        if (file.extension() == text_extension) {
            throw UsageError{"{}: commented text is for people to keep; only folders of inputs as "
                             "bytes are changed",
                             file.string()};
        }
    }
}

// ---- what they reach ----

// run_engine has libFuzzer add to `folder` what `more` reaches besides, in the way `how` of its
// flags. A violation does not keep an input out, nor does a death keep out the others.
Gain run_engine(const Pool& pool, std::string_view how, const fs::path& folder,
                const fs::path& more) {
    Process process{{pool.fuzzer->program.string(), fmt::format("-{}=1", how), "-use_counters=0",
                     "--collect", folder.string(), more.string()},
                    Listen::to_stderr,
                    {"ASAN_OPTIONS=symbolize=0"}};
    std::optional<Gain> gain;
    LastLines last_lines;
    while (const std::optional<std::string> line = process.hear()) {
        last_lines.add(*line);
        const FuzzerLine meant = read_fuzzer_line(*line);
        if (const auto* told = std::get_if<Gain>(&meant)) {
            gain = *told;
        }
    }
    const int status = process.wait();
    if (status != 0 || !gain.has_value()) {
        throw UsageError{"{} could not merge (it ended with {}): {}", pool.fuzzer->program.string(),
                         status, last_lines.last()};
    }
    return *gain;
}

// reach_of returns what the inputs in `folder` reach; `scratch` is a folder to work in. (Of the
// edges -set_cover_merge, in clang 14, tells too few.)
Gain reach_of(const Pool& pool, const fs::path& folder, const fs::path& scratch) {
    const ScratchFolder nothing{scratch};
    return run_engine(pool, "merge", nothing.path(), folder);
}

// ---- stats ----

void add_row(Table& table, const Build& build, const Pool& pool) {
    const ScratchFolder scratch{build.folder() / "campaign"};
    copy_inputs(pool, scratch.path() / "all");
    make_folder(scratch.path() / "enough");
    const Gain gain = reach_of(pool, scratch.path() / "all", scratch.path());
    const Gain enough =
        run_engine(pool, "set_cover_merge", scratch.path() / "enough", scratch.path() / "all");
    std::size_t bytes = 0;
    std::size_t ops = 0;
    std::set<scenario::OpKind> kinds;
    const std::vector<fs::path> files = inputs_in(scratch.path() / "all");
    for (const fs::path& file : files) {
        const std::string content = read_file(file);
        bytes += content.size();
        const scenario::Scenario scenario = from_bytes(content);
        ops += scenario.ops.size();
        for (const scenario::Op& op : scenario.ops) {
            kinds.insert(op.kind);
        }
    }
    const auto possible = std::ranges::count_if(
        scenario::op_table(), [&](const scenario::OpDescription& description) {
            return scenario::belongs_to(description.kind, pool.target->play);
        });
    table.add({std::string{pool.target->name}, pool.subject(), std::to_string(files.size()),
               std::to_string(bytes), std::to_string(ops),
               fmt::format("{} of {}", kinds.size(), possible), std::to_string(gain.edges),
               std::to_string(gain.features), std::to_string(enough.files)});
}

int stats(const Build& build, const PoolFinder& finder, const CorpusOptions& options) {
    const fs::path folder =
        options.folders.empty() ? build.source() / "corpus" : fs::path{options.folders.front()};
    if (options.folders.size() > 1) {
        throw UsageError{"corpus stats takes one folder"};
    }
    Table table{{{"target"},
                 {"subject"},
                 {"inputs", Align::right},
                 {"bytes", Align::right},
                 {"ops", Align::right},
                 {"op kinds", Align::right},
                 {"edges", Align::right},
                 {"features", Align::right},
                 {"enough", Align::right}}};
    for (const Pool& pool : finder.find(folder)) {
        add_row(table, build, pool);
    }
    fmt::print("{}\n features: edges, and situations of shim and loop. enough: that many inputs of "
               "these reach\n all of them.\n",
               table.print());
    return exit_as_declared;
}

// ---- merge ----

int merge_into(const Build& build, const PoolFinder& finder, const CorpusOptions& options) {
    if (options.folders.size() < 2) {
        throw UsageError{"corpus merge takes the folder to add to, and what to add"};
    }
    const fs::path to = options.folders.front();
    make_folder(to);
    const CorpusLock lock{to};
    for (const std::string& from :
         std::vector(options.folders.begin() + 1, options.folders.end())) {
        for (const Pool& more : finder.find(from)) {
            Pool old = more;
            old.folder = (to / fs::relative(more.folder, from)).lexically_normal();
            make_folder(old.folder);
            require_bytes(old);
            const ScratchFolder scratch{build.folder() / "campaign"};
            const fs::path sum = scratch.path() / "sum";
            copy_inputs(old, sum);
            const std::size_t before = inputs_in(sum).size();
            copy_inputs(more, scratch.path() / "more");
            static_cast<void>(run_engine(more, "merge", sum, scratch.path() / "more"));
            for (const fs::path& file : inputs_in(sum)) {
                keep_input(old.folder, read_file(file));
            }
            fmt::print("{} on {}: {} inputs, and {} of {} in {} reach more\n", more.target->name,
                       more.subject(), before, inputs_in(sum).size() - before,
                       inputs_in(scratch.path() / "more").size(), more.folder.string());
        }
    }
    return exit_as_declared;
}

// ---- minimize ----

// Puts the folder `replacement` in the place of `folder`, which takes the other's place, at once.
void exchange(const fs::path& folder, const fs::path& replacement) {
    if (renameat2(AT_FDCWD, replacement.c_str(), AT_FDCWD, folder.c_str(), RENAME_EXCHANGE) != 0) {
        throw UsageError{"{}: cannot be replaced: {}", folder.string(), std::strerror(errno)};
    }
}

void minimize_pool(const Pool& pool) {
    require_bytes(pool);
    // Beside it: a folder is renamed within its file system only.
    const fs::path beside = fs::absolute(pool.folder).parent_path() / ".minimizing";
    {
        const ScratchFolder scratch{beside};
        const fs::path enough = scratch.path() / "enough";
        make_folder(enough);
        const Gain all = reach_of(pool, pool.folder, scratch.path());
        const Gain chosen = run_engine(pool, "set_cover_merge", enough, pool.folder);
        const Gain kept = reach_of(pool, enough, scratch.path());
        if (kept.features < all.features || kept.edges < all.edges) {
            throw UsageError{
                "{}: {} of {} features are reached without what is not needed; nothing "
                "was changed",
                pool.folder.string(), kept.features, all.features};
        }
        const std::size_t before = inputs_in(pool.folder).size();
        exchange(pool.folder, enough);
        fmt::print("{} on {}: {} of {} inputs reach all {} features\n", pool.target->name,
                   pool.subject(), chosen.files, before, all.features);
    }
    std::error_code others_use_it;
    fs::remove(beside, others_use_it);
}

int minimize_pools(const PoolFinder& finder, const CorpusOptions& options) {
    if (options.folders.size() != 1) {
        throw UsageError{"corpus minimize takes one folder"};
    }
    const fs::path folder = options.folders.front();
    const std::vector<Pool> pools = finder.find(folder);
    const CorpusLock lock{folder};
    for (const Pool& pool : pools) {
        minimize_pool(pool);
    }
    return exit_as_declared;
}

}  // namespace

const std::vector<std::string>& corpus_actions() {
    static const std::vector<std::string> actions{"stats", "merge", "minimize"};
    return actions;
}

int corpus(const CorpusOptions& options) {
    const Build build;
    const PoolFinder finder{build, options};
    if (options.action == "stats") {
        return stats(build, finder, options);
    }
    if (options.action == "merge") {
        return merge_into(build, finder, options);
    }
    if (options.action == "minimize") {
        return minimize_pools(finder, options);
    }
    throw UsageError{"unknown action '{}'; there are: {}", options.action,
                     fmt::join(corpus_actions(), ", ")};
}

}  // namespace shimfuzz::cli
