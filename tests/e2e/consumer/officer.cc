// officer CLIENT_CONFIG FOLDER ALERT: the work of officer.h once, as from a timer.
#include "officer.h"

#include <iostream>

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  const auto agency = entente::sdk::Agency::Load(argv[1]);
  const auto client = agency.ok() ? entente::sdk::Client::Connect(*agency, "iem") : agency.status();
  const auto done = client.ok() ? consumer::Work(**client, argv[2], argv[3]) : client.status();
  if (!done.ok()) std::cerr << done << "\n";
  return done.ok() ? 0 : 1;
}
