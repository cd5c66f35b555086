// SPDX-License-Identifier: Apache-2.0

#include "cli/coverage_areas.hpp"

#include <algorithm>

namespace shimfuzz::cli {
namespace {

// What lws calls of its wrapper while a connection lives, and what that calls in turn. All else in
// these files is for configuring, or for nobody.
const std::vector<std::string_view> io_functions{
    "SSL_new",          "SSL_free",       "SSL_set_fd",        "SSL_accept",       "SSL_connect",
    "SSL_do_handshake", "SSL_read",       "SSL_write",         "SSL_pending",      "SSL_shutdown",
    "SSL_get_error",    "SSL_want",       "SSL_want_read",     "SSL_want_write",   "ssl_pm_new",
    "ssl_pm_free",      "ssl_pm_set_fd",  "mbedtls_handshake", "ssl_pm_handshake", "ssl_pm_read",
    "ssl_pm_send",      "ssl_pm_pending", "ssl_pm_shutdown"};

constexpr int asked_of_ours = 95;
constexpr int asked_of_upstream = 85;

void add_areas_of_lws(std::vector<Area>& areas, const std::string& version) {
    areas.push_back({.title = "wrapper_" + version + ": I/O",
                     .subject = "wrapper_" + version,
                     .path_part = "/lib/tls/mbedtls/wrapper/",
                     .functions = io_functions,
                     .left_out = {},
                     .why = "",
                     .asked = asked_of_upstream});
    areas.push_back({.title = "lws_" + version + ": mbedtls-ssl.c",
                     .subject = "lws_" + version,
                     .path_part = "/lib/tls/mbedtls/mbedtls-ssl.c",
                     .functions = {},
                     .left_out = {"lws_ssl_info_callback", "lws_ssl_destroy"},
                     .why =
                         "no code calls them: the wrapper keeps the info callback and never asks "
                         "it, and lws declares lws_ssl_destroy and has no use for it",
                     .asked = asked_of_upstream});
    for (const auto& [title, path] :
         {std::pair{": TLS", "/lib/tls/"}, std::pair{": service.c", "/lib/core-net/service.c"},
          std::pair{": pollfd.c", "/lib/core-net/pollfd.c"},
          std::pair{": output.c", "/lib/core-net/output.c"},
          std::pair{": close.c", "/lib/core-net/close.c"}}) {
        areas.push_back({.title = "lws_" + version + title,
                         .subject = "lws_" + version,
                         .path_part = path,
                         .functions = {},
                         .left_out = {},
                         .why = "",
                         .asked = std::nullopt});
    }
}

}  // namespace

bool Area::holds_function(std::string_view name) const {
    const auto is_in = [&](const std::vector<std::string_view>& names) {
        return std::ranges::find(names, name) != names.end();
    };
    return functions.empty() ? !is_in(left_out) : is_in(functions);
}

Ratio Area::ratio(const LineCoverage& coverage) const {
    Ratio sum;
    for (const auto& [path, file] : coverage) {
        if (holds(path)) {
            const Ratio part =
                file.ratio_of([this](std::string_view name) { return holds_function(name); });
            sum.lines += part.lines;
            sum.run += part.run;
        }
    }
    return sum;
}

std::vector<Area> coverage_areas(const std::filesystem::path& source) {
    std::vector<Area> areas;
    for (const auto& [title, subject] :
         {std::pair{"shim/reference", "reference"}, std::pair{"scenario", ""},
          std::pair{"model", ""}, std::pair{"harness", ""}}) {
        areas.push_back({.title = title,
                         .subject = subject,
                         .path_part = (source / title).string() + "/",
                         .functions = {},
                         .left_out = {},
                         .why = "",
                         .asked = asked_of_ours});
    }
    add_areas_of_lws(areas, "4_1_6");
    add_areas_of_lws(areas, "4_3_5");
    return areas;
}

}  // namespace shimfuzz::cli
