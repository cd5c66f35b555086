// SPDX-License-Identifier: Apache-2.0
//
// Opening a client's connection, and how the roles raw and HTTP/1 serve one until it speaks.

#include "model/dialects/dialect.hpp"

namespace shimfuzz::model {

bool Dialect::open_client() noexcept {
    return false;
}

Dialect::Handled Dialect::pollin_h1_client(PollEvents&) noexcept {
    return Handled::handled;
}

}  // namespace shimfuzz::model
