// A PKCS #11 module as one would not want it, before SoftHSM's: it prints whenever it is spoken to,
// reads standard input, and with RUDE_MODULE=hangs never comes back from its end.
#include <dlfcn.h>
#include <p11-kit/pkcs11.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace {

CK_FUNCTION_LIST polite;

void Chatter() {
  std::puts("ok rude module says good day");
  std::fflush(stdout);
  char eaten[64];
  static_cast<void>(!::read(STDIN_FILENO, eaten, sizeof eaten));
}

CK_RV Initialize(void* arguments) {
  Chatter();
  return polite.C_Initialize(arguments);
}
CK_RV Login(CK_SESSION_HANDLE session, CK_USER_TYPE user, unsigned char* pin, CK_ULONG size) {
  Chatter();
  return polite.C_Login(session, user, pin, size);
}
CK_RV Finalize(void* reserved) {
  const char* mode = std::getenv("RUDE_MODULE");
  while (mode != nullptr && std::string_view(mode) == "hangs") ::pause();
  return polite.C_Finalize(reserved);
}

}  // namespace

extern "C" __attribute__((visibility("default"))) CK_RV C_GetFunctionList(CK_FUNCTION_LIST** list) {
  void* module = ::dlopen("/usr/lib/softhsm/libsofthsm2.so", RTLD_NOW);
  if (module == nullptr) return CKR_GENERAL_ERROR;
  using GetList = CK_RV (*)(CK_FUNCTION_LIST**);
  const auto get = reinterpret_cast<GetList>(::dlsym(module, "C_GetFunctionList"));
  CK_FUNCTION_LIST* from = nullptr;
  if (const CK_RV result = get(&from); result != CKR_OK) return result;
  polite = *from;
  static CK_FUNCTION_LIST rude;
  rude = polite;
  rude.C_Initialize = Initialize;
  rude.C_Login = Login;
  rude.C_Finalize = Finalize;
  *list = &rude;
  return CKR_OK;
}
