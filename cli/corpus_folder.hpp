// SPDX-License-Identifier: Apache-2.0
//
// A folder of inputs that a person keeps from campaign to campaign, locked while it is changed:
//
//   <folder>/<target>/<subject>/   one file for each input, whatever engine found it
//   <folder>/.engine/              what an engine had not yet put there: the next search does
#pragma once

#include <filesystem>

namespace shimfuzz::cli {

inline constexpr const char* corpus_state_folder = ".engine";

// CorpusLock keeps others of us from changing a folder of inputs while it exists.
class CorpusLock {
public:
    // Throws UsageError if `folder` is locked, or no folder.
    explicit CorpusLock(const std::filesystem::path& folder);
    ~CorpusLock();
    CorpusLock(const CorpusLock&) = delete;
    CorpusLock& operator=(const CorpusLock&) = delete;

private:
    int file_ = -1;
};

}  // namespace shimfuzz::cli
