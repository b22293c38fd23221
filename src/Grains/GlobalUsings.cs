global using Orleans;
global using OrleansMatrix.Federation;
global using OrleansMatrix.Grains.Json;
