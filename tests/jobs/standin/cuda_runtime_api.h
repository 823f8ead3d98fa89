// What a runner uses of the CUDA runtime, standing in for its header: device memory is the host's.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <cstring>

using cudaStream_t = int *;
enum cudaError_t { cudaSuccess, cudaErrorMemoryAllocation = 2 };
enum cudaMemcpyKind { cudaMemcpyHostToDevice = 1, cudaMemcpyDeviceToHost = 2 };

inline char const *cudaGetErrorString(cudaError_t) { return "out of memory"; }
inline cudaError_t cudaStreamCreate(cudaStream_t *stream) {
    *stream = new int(0);
    return cudaSuccess;
}
inline cudaError_t cudaStreamSynchronize(cudaStream_t) { return cudaSuccess; }
inline cudaError_t cudaStreamDestroy(cudaStream_t stream) {
    delete stream;
    return cudaSuccess;
}
inline cudaError_t cudaMalloc(void **memory, std::size_t size) {
    *memory = std::malloc(size);
    return cudaSuccess;
}
inline cudaError_t cudaFree(void *memory) {
    std::free(memory);
    return cudaSuccess;
}
inline cudaError_t cudaMemcpyAsync(void *target, void const *source, std::size_t size,
                                   cudaMemcpyKind, cudaStream_t) {
    std::memcpy(target, source, size);
    return cudaSuccess;
}
