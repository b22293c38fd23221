namespace OrleansMatrix.Gateway.Pipeline;

/// <summary>Answers one authenticated request: parse, one grain call, map.</summary>
public delegate ValueTask<MatrixResponse> MatrixHandler(MatrixRequest request);
