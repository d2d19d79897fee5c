// The declaration of IEM: its kinds, and how its register is made.
#ifndef ENTENTE_SERVICES_IEM_REGISTER_GROUP_H_
#define ENTENTE_SERVICES_IEM_REGISTER_GROUP_H_

#include "services/core/machine/group.h"

namespace entente::iem {

extern const machine::Group kIem;

}  // namespace entente::iem

#endif  // ENTENTE_SERVICES_IEM_REGISTER_GROUP_H_
