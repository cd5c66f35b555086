// SPDX-License-Identifier: Apache-2.0
//
// A search by several processes at a time.
#pragma once

#include "cli/search_record.hpp"

namespace shimfuzz::cli {

// crew_search searches as the settings of `record` say; throws UsageError if that does not work.
[[nodiscard]] SearchResult crew_search(SearchRecord& record);

}  // namespace shimfuzz::cli
