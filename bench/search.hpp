// SPDX-License-Identifier: Apache-2.0
//
// `./dev bench search`: how soon the historical bugs that were put back into a real lws are found.
#pragma once

#include <string>

namespace shimfuzz::bench {

// measure_search searches for each interposer with the seeds 1 to `seeds`, from an empty corpus,
// prints the table, and writes it to `json_path` unless that is empty.
void measure_search(int seeds, const std::string& json_path);

}  // namespace shimfuzz::bench
