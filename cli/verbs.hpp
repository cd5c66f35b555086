// SPDX-License-Identifier: Apache-2.0
//
// The verbs of the command line tool: what each is given and what it does.
//
// Each returns the exit code (cli/exit_code.hpp) and throws UsageError for what its user can mend.
// How options are spelled on the command line is main.cpp's business.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace shimfuzz::cli {

struct ExplainOptions {
    std::string file;
    std::string subject;
    std::string target;
    std::string baseline;
    std::string html;    // where to write a page; empty: nowhere
    bool brief = false;  // only the trace and the law
    bool json = false;
    bool legend = false;
};

// explain plays a scenario and says step by step what happened; of a violation also what matters in
// it, unless `brief`.
[[nodiscard]] int explain(const ExplainOptions& options);

struct MinimizeOptions {
    std::string file;  // or a folder of crash files
    std::string subject;
    std::string target;
    std::string out;  // empty: stdout; for a folder, the folder of its witnesses
    bool verbose = false;
};

// minimize makes a scenario as small as its violation allows and prints it as text; of a folder,
// one for each signature. Interrupted, it keeps the best it has found.
[[nodiscard]] int minimize(const MinimizeOptions& options);

struct ReproduceOptions {
    std::string file;
    std::string subject;  // empty: what the file's name says, or all
    std::string target;   // empty: what the file or its name says, or all
    std::string out;      // where the witness goes; empty: a folder of the build
    std::string baseline;
};

// reproduce goes from a test case of whatever engine to what it violates, a minimal witness and an
// explanation.
[[nodiscard]] int reproduce(const ReproduceOptions& options);

struct EncodeOptions {
    std::string from;    // a file, or a folder of text scenarios
    std::string out;     // likewise
    std::string target;  // if not empty, every scenario must be meant for it
};

// encode turns text scenarios into bytes.
[[nodiscard]] int encode(const EncodeOptions& options);

struct DecodeOptions {
    std::string file;
    std::string target;
};

// decode prints a scenario in bytes as text.
[[nodiscard]] int decode(const DecodeOptions& options);

struct CheckOptions {
    std::vector<std::string> files;  // or folders of text scenarios
    std::string subject;
    std::string target;
    std::string baseline;
};

// check plays scenarios and says in one line each whether all was upheld.
[[nodiscard]] int check(const CheckOptions& options);

struct ListOptions {
    std::string what;
    bool json = false;
};

// list prints what there is.
[[nodiscard]] int list(const ListOptions& options);

// list_topics returns what can be listed.
[[nodiscard]] const std::vector<std::string>& list_topics();

struct FuzzOptions {
    std::vector<std::string> targets;   // empty: the quick set, or all
    std::vector<std::string> subjects;  // likewise
    double seconds = 0;                 // per target and subject; 0: the default
    bool seeds = false;
    bool all = false;
    std::string json;
    std::string baseline;
    std::uint32_t seed = 1;
    unsigned jobs = 0;   // processes at a time; 0: one search per processor, of one process each
    std::string corpus;  // a folder to begin with and to add to; empty: none is kept
    std::string engine;  // that the build must be for; empty: any
};

// fuzz searches for violations and ends with a table of subjects and invariants.
[[nodiscard]] int fuzz(const FuzzOptions& options);

struct CorpusOptions {
    std::string action;
    std::vector<std::string> folders;
    std::string target;   // whose inputs they are; empty: the names of folders say so
    std::string subject;  // that is asked; empty: the folder's own, or the reference
};

// corpus says what folders of inputs hold, adds what is new, or keeps what is enough.
[[nodiscard]] int corpus(const CorpusOptions& options);

// corpus_actions returns what it can do.
[[nodiscard]] const std::vector<std::string>& corpus_actions();

struct CoverageOptions {
    bool brief = false;  // no pages, no names of functions
    bool tests = false;  // run the unit tests, too
};

// coverage plays the committed corpus and says which lines of which part it reaches.
[[nodiscard]] int coverage(const CoverageOptions& options);

struct ProveOptions {
    std::vector<std::string> subjects;  // empty: the reference, unless `mutants`
    std::vector<std::string> targets;   // empty: a mutant's own, else all that have a proof
    unsigned ops = 200;                 // of the longest scenario
    bool mutants = false;               // all that have a proof, too
    bool content = false;               // streams hold more than one kind of byte
    bool alphabet = false;              // print it
    std::string json;
    std::string baseline;
};

// prove plays every scenario of an alphabet, up to a length or until there is nothing new.
[[nodiscard]] int prove(const ProveOptions& options);

struct MapOptions {
    std::vector<std::string> files;  // scenarios, or folders; empty: our corpus of the target
    std::string target;
    std::string subject;
    unsigned ops = 0;  // of the longest scenario of the proof that it is held against
    std::string out;   // where to write a page; empty: nowhere
};

// map says which situations scenarios have been in, of those that a proof has.
[[nodiscard]] int map(const MapOptions& options);

struct RegressOptions {
    std::string file;
    std::vector<std::string> subjects;  // the first shows it
    std::string target;
    std::string baseline;
    std::string out;            // a folder, made if missing
    bool without_test = false;  // no C file
    bool force = false;         // overwrite what is there
};

// regress writes a scenario with a violation as a corpus entry, as a C test and as a text for an
// issue.
[[nodiscard]] int regress(const RegressOptions& options);

struct ReportOptions {
    std::string results;  // of a campaign, as `fuzz --json` writes them; empty: none
    bool declared = false;
    std::string format;
    std::string out;  // empty: stdout
};

// report prints the grid of subjects and invariants, with the findings, for people or for tools.
[[nodiscard]] int report(const ReportOptions& options);

// report_formats returns the names of all formats.
[[nodiscard]] const std::vector<std::string>& report_formats();

}  // namespace shimfuzz::cli
