/* pool_line.h - the command that tells a proxy, begun before there is anything to tell. */
#ifndef BERTH_ENGINE_POOL_LINE_H
#define BERTH_ENGINE_POOL_LINE_H

#include "engine/engine.h"

/* A load balancer that runs has its proxy's command begun while one of its members is being started; from
 * then on it is stepped whenever the balancer is. Where it cannot be had, the proxy is told as without it. */
void pool_line_step(struct work *work);
/* It is given what its proxy is to be told; NULL: there is none, or no memory. */
struct exec_session *pool_line_take(struct work *work);
/* The errand by which that is under way; NULL: it was not taken. */
struct errand *pool_line_errand(const struct work *work);
/* Told, or lost: then there is no other in this operation. */
void pool_line_over(struct work *work, bool told);
/* Of an operation that ends. */
void pool_line_release(struct work *work);

#endif
