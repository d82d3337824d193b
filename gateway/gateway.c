/*
 * gateway.c - how any thread asks for the end of the process; main waits for it beside its signals.
 */
#include "gateway.h"

#include "base/log.h"

#include <errno.h>
#include <unistd.h>

void zp_gateway_stop(zp_gateway *gateway, int exit_code)
{
    const uint64_t one = 1;
    int none = 0;
    atomic_compare_exchange_strong(&gateway->exit_code, &none, exit_code);
    if (write(gateway->stop_event, &one, sizeof one) < 0 && errno != EAGAIN)
        zp_log(ZP_ERROR, "stop-not-asked", "error=\"%s\"", strerror(errno));
}
