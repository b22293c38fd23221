global using Orleans;
global using OrleansMatrix.Federation;
