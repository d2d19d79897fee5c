#include "clients/token/token_session.h"

#include <fmt/format.h>

#include <string.h>

#include <algorithm>

namespace entente::token {
namespace {

std::string Told(CK_RV result) {
  return fmt::format("{} (PKCS #11: {:#x})", p11_kit_strerror(result), result);
}

// A field of the standard's structures: blanks at its end.
std::string Trimmed(const unsigned char* text, size_t size) {
  while (size > 0 && (text[size - 1] == ' ' || text[size - 1] == 0)) --size;
  return {reinterpret_cast<const char*>(text), size};
}

unsigned char* Bytes(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }

}  // namespace

TokenSession::~TokenSession() {
  if (!pin_.empty()) ::explicit_bzero(pin_.data(), pin_.size());
  if (session_ != 0) module_->C_CloseSession(session_);
  if (named_ != nullptr) {
    p11_kit_module_finalize(named_);
    p11_kit_module_release(named_);
  }
  if (registered_ != nullptr) p11_kit_modules_finalize_and_release(registered_);
}

Fault TokenSession::Open(const std::string& uri) {
  uri_.reset(p11_kit_uri_new());
  const int parsed = p11_kit_uri_parse(uri.c_str(), P11_KIT_URI_FOR_ANY, uri_.get());
  if (parsed != P11_KIT_URI_OK) {
    // It may have a PIN in it: it is not repeated.
    return fmt::format("what is configured is no PKCS #11 URI (RFC 7512): {}",
                       p11_kit_uri_message(parsed));
  }
  if (p11_kit_uri_any_unrecognized(uri_.get()) != 0) {
    return "the PKCS #11 URI has parts that are not understood";
  }
  if (p11_kit_uri_get_pin_value(uri_.get()) != nullptr) {
    return "the PKCS #11 URI has a PIN in it (pin-value): take it out, and change it";
  }
  if (const char* source = p11_kit_uri_get_pin_source(uri_.get()); source != nullptr) {
    pin_file_ = source;
    if (pin_file_.rfind("file:", 0) == 0) pin_file_.erase(0, 5);
  }
  if (Fault fault = LoadModules()) return fault;
  return FindToken();
}

Fault TokenSession::LoadModules() {
  if (const char* path = p11_kit_uri_get_module_path(uri_.get()); path != nullptr) {
    named_ = p11_kit_module_load(path, P11_KIT_MODULE_CRITICAL);
    if (named_ == nullptr) return fmt::format("{}: {}", path, p11_kit_message());
    if (const CK_RV result = p11_kit_module_initialize(named_); result != CKR_OK) {
      p11_kit_module_release(named_);
      named_ = nullptr;
      return fmt::format("{}: {}", path, Told(result));
    }
    modules_ = {named_};
    return {};
  }
  registered_ = p11_kit_modules_load_and_initialize(0);
  for (auto* module = registered_; module != nullptr && *module != nullptr; ++module) {
    modules_.push_back(*module);
  }
  if (!modules_.empty()) return {};
  return "p11-kit knows no module; name one in the URI: ?module-path=/…/module.so";
}

Fault TokenSession::FindToken() {
  std::string labels;
  CK_TOKEN_INFO found = {};
  for (CK_FUNCTION_LIST* module : modules_) {
    CK_INFO library = {};
    if (module->C_GetInfo(&library) != CKR_OK ||
        p11_kit_uri_match_module_info(uri_.get(), &library) == 0) {
      continue;
    }
    CK_SLOT_ID slots[64];
    CK_ULONG count = std::size(slots);
    if (module->C_GetSlotList(CK_TRUE, slots, &count) != CKR_OK) continue;
    for (CK_ULONG i = 0; i < count; ++i) {
      CK_TOKEN_INFO info = {};
      CK_SLOT_INFO slot = {};
      const CK_SLOT_ID wanted = p11_kit_uri_get_slot_id(uri_.get());
      if ((wanted != static_cast<CK_SLOT_ID>(-1) && wanted != slots[i]) ||
          module->C_GetSlotInfo(slots[i], &slot) != CKR_OK ||
          p11_kit_uri_match_slot_info(uri_.get(), &slot) == 0 ||
          module->C_GetTokenInfo(slots[i], &info) != CKR_OK) {
        continue;
      }
      const std::string label = Trimmed(info.label, sizeof info.label);
      if (p11_kit_uri_match_token_info(uri_.get(), &info) == 0) {
        if (!label.empty()) labels += (labels.empty() ? "" : ", ") + label;
        continue;
      }
      if (module_ != nullptr) {
        return fmt::format(
            "the URI fits more than one token: {} and {}; name one, with token= or "
            "serial=",
            label_, label);
      }
      module_ = module;
      slot_ = slots[i];
      label_ = label;
      found = info;
    }
  }
  if (module_ == nullptr) {
    return fmt::format("no token that the URI names is there{}",
                       labels.empty() ? "" : "; there are: " + labels);
  }
  if (const CK_RV result =
          module_->C_OpenSession(slot_, CKF_SERIAL_SESSION, nullptr, nullptr, &session_);
      result != CKR_OK) {
    return fmt::format("token {}: {}", label_, Told(result));
  }
  // A file cannot say that it is sure.
  const CK_FLAGS few = CKF_USER_PIN_COUNT_LOW | CKF_USER_PIN_FINAL_TRY | CKF_USER_PIN_LOCKED;
  if (!pin_file_.empty() && (found.flags & few) != 0) {
    return fmt::format(
        "token {}: a wrong PIN was tried before, and few tries are left: let a person "
        "give it once, then the file will do again",
        label_);
  }
  const bool logs_in = (found.flags & CKF_LOGIN_REQUIRED) != 0;
  const bool by_itself = (found.flags & CKF_PROTECTED_AUTHENTICATION_PATH) != 0;
  wants_pin_ = logs_in && !by_itself;
  if (logs_in && by_itself) {
    // At the reader's own keys.
    const CK_RV result = module_->C_Login(session_, CKU_USER, nullptr, 0);
    if (result != CKR_OK && result != CKR_USER_ALREADY_LOGGED_IN) {
      return fmt::format("token {}: {}", label_, Told(result));
    }
  }
  return {};
}

Fault TokenSession::Login(const std::string& pin, bool& may_retry) {
  pin_ = pin;
  const CK_RV result = module_->C_Login(session_, CKU_USER, Bytes(pin_), pin_.size());
  may_retry = result == CKR_PIN_INCORRECT || result == CKR_PIN_LEN_RANGE;
  if (result == CKR_OK || result == CKR_USER_ALREADY_LOGGED_IN) return {};
  std::string told = fmt::format("token {}: {}", label_, Told(result));
  CK_TOKEN_INFO info = {};
  if (may_retry && module_->C_GetTokenInfo(slot_, &info) == CKR_OK) {
    if ((info.flags & CKF_USER_PIN_LOCKED) != 0) {
      may_retry = false;
      told += "; it is locked now";
    } else if ((info.flags & CKF_USER_PIN_FINAL_TRY) != 0) {
      told += "; after one more wrong PIN it is locked";
    }
  }
  return told;
}

std::vector<CK_OBJECT_HANDLE> TokenSession::Find(CK_OBJECT_CLASS of_class,
                                                 std::vector<CK_ATTRIBUTE> having) {
  having.push_back({CKA_CLASS, &of_class, sizeof of_class});
  std::vector<CK_OBJECT_HANDLE> found(16);
  CK_ULONG count = 0;
  if (module_->C_FindObjectsInit(session_, having.data(), having.size()) == CKR_OK) {
    module_->C_FindObjects(session_, found.data(), found.size(), &count);
    module_->C_FindObjectsFinal(session_);
  }
  found.resize(count);
  return found;
}

std::string TokenSession::Attribute(CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type) {
  CK_ATTRIBUTE asked = {type, nullptr, 0};
  constexpr CK_ULONG kBytesMax = 64 << 10;
  if (module_->C_GetAttributeValue(session_, object, &asked, 1) != CKR_OK ||
      asked.ulValueLen > kBytesMax) {
    return "";
  }
  std::string value(asked.ulValueLen, '\0');
  asked.pValue = value.data();
  if (module_->C_GetAttributeValue(session_, object, &asked, 1) != CKR_OK) return "";
  value.resize(asked.ulValueLen);
  return value;
}

Fault TokenSession::FindKey() {
  std::vector<CK_ATTRIBUTE> having;
  for (const CK_ATTRIBUTE_TYPE type : {CKA_LABEL, CKA_ID}) {
    if (CK_ATTRIBUTE* wanted = p11_kit_uri_get_attribute(uri_.get(), type)) {
      having.push_back(*wanted);
    }
  }
  const auto keys = Find(CKO_PRIVATE_KEY, having);
  if (keys.size() != 1) {
    return fmt::format("token {} has {} private keys that the URI names; {}", label_,
                       keys.empty() ? "no" : std::to_string(keys.size()),
                       keys.empty() ? "look at object= and id=" : "name one, with object= or id=");
  }
  key_ = keys[0];
  const std::string each_time = Attribute(key_, CKA_ALWAYS_AUTHENTICATE);
  asks_each_time_ = !each_time.empty() && each_time[0] != 0;
  if (!asks_each_time_ && !pin_.empty()) {
    ::explicit_bzero(pin_.data(), pin_.size());
    pin_.clear();
  }
  return {};
}

std::string TokenSession::Certificate() {
  std::string id = Attribute(key_, CKA_ID);
  if (id.empty()) return "";
  const auto found = Find(CKO_CERTIFICATE, {{CKA_ID, id.data(), id.size()}});
  return found.size() == 1 ? Attribute(found[0], CKA_VALUE) : "";
}

Fault TokenSession::Sign(bool eddsa, const std::string& data, std::string& signature) {
  CK_MECHANISM mechanism = {
      eddsa ? static_cast<CK_MECHANISM_TYPE>(CKM_EDDSA) : static_cast<CK_MECHANISM_TYPE>(CKM_ECDSA),
      nullptr, 0};
  CK_RV result = module_->C_SignInit(session_, &mechanism, key_);
  if (result == CKR_OK && asks_each_time_) {
    result = module_->C_Login(session_, CKU_CONTEXT_SPECIFIC, pin_.empty() ? nullptr : Bytes(pin_),
                              pin_.size());
  }
  std::string to_sign = data;
  signature.assign(256, '\0');
  CK_ULONG size = signature.size();
  if (result == CKR_OK) {
    result = module_->C_Sign(session_, Bytes(to_sign), to_sign.size(), Bytes(signature), &size);
  }
  if (result != CKR_OK) return fmt::format("token {}: {}", label_, Told(result));
  signature.resize(size);
  return {};
}

}  // namespace entente::token
