// SPDX-License-Identifier: Apache-2.0
//
// `./dev bench detect`: after how many executions each planted bug is detected, by us and by
// others.
#pragma once

#include <string>
#include <vector>

namespace shimfuzz::bench {

struct DetectSettings {
    int seeds = 10;
    int afl_seeds = 3;
    double seconds = 60;               // of the processor, for each search
    unsigned jobs = 1;                 // searches at a time
    std::vector<std::string> engines;  // empty: all
    std::vector<std::string> bugs;     // empty: all
    std::string json_path;             // each of these unless it is empty
    std::string markdown_path;
    std::string plot_path;
};

// measure_detect searches for each planted bug with each engine and the seeds from 1 on, prints a
// row for each search and what they come to, and writes that to the files named.
//
// Rows are kept in build/<preset>/bench/detect, and what is there is not measured again: an
// interrupted run goes on where it was, more seeds are added to what there is, and an engine that
// was absent is measured later. Rows of another time limit are apart from these. Rows of a program
// that has changed since are not mixed with others: the run is refused, and says what to remove.
// What is already in one of the files is not overwritten.
void measure_detect(const DetectSettings& settings);

}  // namespace shimfuzz::bench
