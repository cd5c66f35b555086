// SPDX-License-Identifier: Apache-2.0
//
// One function out of several, by the type of what it is given: for std::visit.
#pragma once

namespace shimfuzz::cli {

template <typename... Functions>
struct Overloaded : Functions... {
    using Functions::operator()...;
};
template <typename... Functions>
Overloaded(Functions...) -> Overloaded<Functions...>;

}  // namespace shimfuzz::cli
