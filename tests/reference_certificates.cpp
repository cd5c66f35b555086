// SPDX-License-Identifier: Apache-2.0

#include "reference_certificates.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace shimfuzz::tests {
namespace {

const char key_options[] = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes";

std::string signed_by(const std::string& issuer) {
    return " -CA " + issuer + ".pem -CAkey " + issuer + ".key -CAcreateserial";
}

// How openssl is told of a certificate for so many days from now on; below 0, of one that has
// expired. Since 3.4 it makes none whose end comes before its beginning, and before that it took no
// dates.
std::string valid_for(int days, bool takes_dates) {
    if (days < 0 && takes_dates) {
        return " -not_before 20200101000000Z -not_after 20200131000000Z";
    }
    return " -days " + std::to_string(days);
}

}  // namespace

Certificates::Certificates() {
    std::string pattern = (std::filesystem::temp_directory_path() / "shimfuzz-XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr) {
        missing_ = "no temporary folder: " + pattern;
        return;
    }
    folder_ = pattern;
    if (!run("version")) {
        missing_ = "no openssl program";
        return;
    }
    takes_dates_ = run("x509 -help") && log_says("-not_after");
    const bool made =
        make_authority("root", "shimfuzz", "") && make_authority("stranger", "shimfuzz", "") &&
        make_authority("middle", "middle", "root") &&
        make_leaf("server", "root", "serverAuth", "DNS:localhost,DNS:*.wild.test", 30) &&
        make_leaf("other", "root", "serverAuth", "DNS:other.test", 30) &&
        make_leaf("leaf", "middle", "serverAuth", "DNS:leaf.test", 30) &&
        make_leaf("expired", "root", "serverAuth", "DNS:localhost", -1) &&
        make_leaf("client", "root", "clientAuth", "DNS:client.test", 30) &&
        make_leaf("impostor", "stranger", "serverAuth,clientAuth", "DNS:localhost", 30) &&
        run("pkey -in server.key -aes128 -passout pass:secret"
            " -out server.locked.key");
    if (!made && missing_.empty()) {
        missing_ = "the openssl program failed";
    }
}

Certificates::~Certificates() {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
}

std::vector<std::uint8_t> Certificates::file(const std::string& name) const {
    std::ifstream stream(path(name), std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

const Certificates& Certificates::instance() {
    static const Certificates certificates;
    return certificates;
}

// Runs `openssl command` in the folder. What it said about a failure is then missing().
bool Certificates::run(const std::string& command) {
    const std::string log = path("log");
    const std::string line = "cd '" + folder_ + "' && openssl " + command + " >'" + log + "' 2>&1";
    if (std::system(line.c_str()) == 0) {
        return true;
    }
    const std::vector<std::uint8_t> said = file("log");
    missing_ = "openssl " + command + ": " + std::string(said.begin(), said.end());
    return false;
}

bool Certificates::log_says(const std::string& words) const {
    const std::vector<std::uint8_t> said = file("log");
    return std::string(said.begin(), said.end()).find(words) != std::string::npos;
}

bool Certificates::make_authority(const std::string& who, const std::string& name,
                                  const std::string& issuer) {
    const std::string signer = issuer.empty() ? " -signkey " + who + ".key" : signed_by(issuer);
    std::ofstream(path(who + ".ext")) << "basicConstraints=critical,CA:TRUE\n"
                                         "keyUsage=critical,keyCertSign,cRLSign\n";
    return run("req " + std::string(key_options) + " -keyout " + who + ".key -out " + who +
               ".csr -subj /CN=" + name) &&
           run("x509 -req -days 30 -in " + who + ".csr -extfile " + who + ".ext -out " + who +
               ".pem" + signer) &&
           run("x509 -in " + who + ".pem -outform DER -out " + who + ".der");
}

bool Certificates::make_leaf(const std::string& who, const std::string& issuer,
                             const std::string& usage, const std::string& names, int days) {
    std::ofstream(path(who + ".ext")) << "basicConstraints=CA:FALSE\n"
                                      << "keyUsage=digitalSignature\n"
                                      << "extendedKeyUsage=" << usage << "\n"
                                      << "subjectAltName=" << names << "\n";
    return run("req " + std::string(key_options) + " -keyout " + who + ".key -out " + who +
               ".csr -subj /CN=" + who) &&
           run("x509 -req" + valid_for(days, takes_dates_) + " -in " + who + ".csr -extfile " +
               who + ".ext -out " + who + ".pem" + signed_by(issuer)) &&
           run("x509 -in " + who + ".pem -outform DER -out " + who + ".der") &&
           run("pkey -in " + who + ".key -outform DER -out " + who + ".key.der");
}

}  // namespace shimfuzz::tests
