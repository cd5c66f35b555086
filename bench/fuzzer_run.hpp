// SPDX-License-Identifier: Apache-2.0
//
// One run of a fuzz program as a process of its own, and what it said at its end.
//
// What a run is asked, and what its numbers mean, is the measurement's business (speed.hpp,
// detect.hpp).
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace shimfuzz::bench {

// give_up says `reason` on stderr and exits with 2.
[[noreturn]] void give_up(const std::string& reason);

// write_whole writes `text` to `path`, whole or not at all.
void write_whole(const std::filesystem::path& path, const std::string& text);

// TemporaryFolder is a folder of our own that goes when we go.
class TemporaryFolder {
public:
    TemporaryFolder();
    ~TemporaryFolder();
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;

    [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }

private:
    std::filesystem::path path_;
};

// build_folder returns build/<preset>, the folder that this program was built in.
[[nodiscard]] std::filesystem::path build_folder();

struct FuzzerRun {
    bool reached_its_end = false;      // false: a violation, or a sanitizer, ended it
    std::uint64_t executions = 0;      // with -print_final_stats=1 only
    double processor_seconds = 0;      // user and system
    double seconds = 0;                // on the wall
    std::string log;                   // what it said on stderr
    std::filesystem::path last_input;  // that it died of; empty if it did not
};

// Whether what a program reports names functions and lines, which takes longer than many an
// execution.
enum class Reports { plain, symbolized };

// run_fuzzer runs a program with its arguments. What it writes (artifacts, its log) goes to
// `scratch`. After `processor_seconds_max` of its own it is interrupted, as one would by hand; 0:
// it is not.
[[nodiscard]] FuzzerRun run_fuzzer(std::vector<std::string> words,
                                   const std::filesystem::path& scratch,
                                   Reports reports = Reports::plain,
                                   double processor_seconds_max = 0);

// run_program runs any other program, with `environment` (NAME=VALUE) beside ours. Of what it comes
// to, `executions` and `last_input` are not known. What it says, on stdout and on stderr, is the
// log.
[[nodiscard]] FuzzerRun run_program(std::vector<std::string> words,
                                    const std::vector<std::string>& environment,
                                    const std::filesystem::path& scratch);

// median returns the middle of `numbers`, or 0 if there are none.
[[nodiscard]] double median(std::vector<double> numbers);

// text_after returns what `log` says behind the last `label`, to the end of the line.
[[nodiscard]] std::optional<std::string> text_after(const std::string& log,
                                                    const std::string& label);

}  // namespace shimfuzz::bench
